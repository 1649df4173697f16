import type { Leadership, MakeTerm, Term } from './leadership.ts';

/** The leadership of a root whose store is its own: it leads from start to stop, and nobody is asked. */
export function soleLeadership<T extends Term>(makeTerm: MakeTerm<T>): Leadership<T> {
  let term: T | null = null;
  let own = '';
  const isValid = (): boolean => term !== null;
  return {
    get term() {
      return term;
    },
    leader: () => (term ? { epoch: 0, address: own } : null),
    outbid() {},
    start(address) {
      own = address;
      term = makeTerm({ epoch: 0, isValid });
      return term.start();
    },
    async stop() {
      // The last words of what runs are still its own to write.
      await term?.stop();
      term = null;
    },
  };
}
