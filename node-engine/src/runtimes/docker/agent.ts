import { Agent } from 'node:http';
import { inspect } from 'node:util';

/**
 * Each call on a connection of its own: an Engine that goes down takes no new one, but goes on saying on those that there
 * are that containers have ended, which it has ended itself.
 */
export class OneCallAgent extends Agent {
  constructor() {
    super({ keepAlive: false });
  }

  /**
   * docker-modem makes a text of everything that a request is made of, for a debug line that is not written: with an
   * agent as it is that is every socket of the process, 5 to 20 ms per call.
   */
  [inspect.custom](): string {
    return 'OneCallAgent';
  }
}
