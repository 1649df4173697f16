import type { Leadership, MakeTerm, Term } from './leadership.ts';

/** The leadership of a root whose store is its own: it leads from start to stop, and nobody is asked. */
export function soleLeadership<T extends Term>(makeTerm: MakeTerm<T>): Leadership<T> {
  let valid = true;
  let own = '';
  const term = makeTerm({ epoch: 0, isValid: () => valid });
  return {
    get term() {
      return valid ? term : null;
    },
    leader: () => (valid ? { epoch: 0, address: own } : null),
    outbid() {},
    start(address) {
      own = address;
      return term.start();
    },
    async stop() {
      if (!valid) return;
      // The last words of what runs are still its own to write.
      await term.stop();
      valid = false;
    },
  };
}
