import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { NetManager, NetStatus } from '@hedgerow/protos';
import { completeConfig } from '../config.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { describedBy } from './offer.ts';

/** A Net Manager of a machine whose kernel cannot do it, and which is away at times. */
class UnfitNet extends WiringNet implements NetManager {
  away = false;

  override async status(): Promise<NetStatus> {
    if (this.away) throw new Error('connection refused');
    return { ...(await super.status()), usable: false, problems: ['vxlan: no such device (modprobe vxlan)'] };
  }
}

it('a Net Manager that is away has not mended the machine', async () => {
  const net = new UnfitNet();
  const offer = describedBy(completeConfig({ cluster: '127.0.0.1', data: '/nowhere' }), net);
  assert.equal((await offer.describe()).overlay, false);
  net.away = true;
  assert.equal(await offer.outdated(), false);
  const { overlay, problems } = await offer.describe();
  assert.deepEqual([overlay, problems], [false, ['vxlan: no such device (modprobe vxlan)']]);
});
