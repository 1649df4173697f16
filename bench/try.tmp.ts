import { Lifecycle } from '@hedgerow/common';
import { createNetns, createSite, setSegmentationOffload } from './support/net/netns.ts';
import { wireOverlay } from './support/net/overlay.ts';
import { measureStream } from './support/net/stream.ts';
const life = new Lifecycle();
try {
  const site = await createSite(life, 'ours');
  const cs = [await createNetns(life, 'c0'), await createNetns(life, 'c1')] as const;
  const path = await wireOverlay(life, site, cs);
  await setSegmentationOffload(site, false);
  const [w0, w1] = [site.workers[0].netns, site.workers[1].netns];
  await w0.run('nft', 'table ip dbg { chain f { type filter hook forward priority -200; ip daddr 10.30.0.0/16 counter; ct state invalid counter; }; }');
  await w1.run('nft', 'table ip dbg { chain f { type filter hook forward priority -200; ip daddr 10.30.0.0/16 counter; ct state invalid counter; }; }');
  for (let i = 0; i < 24; i++) {
    try { const s = await measureStream(cs[0], cs[1], path.serviceIp); if (i % 6 === 0) console.log(i, s.mbitPerSecond | 0); }
    catch (e) {
      console.log(i, String(e));
      console.log(await cs[1].run('ss', '-tanp'), await w0.run('conntrack', '-L'), await w1.run('conntrack', '-L'));
    }
    if (i % 6 === 0) console.log((await w0.run('nft', 'list', 'table', 'ip', 'dbg')).match(/counter.*/g), (await w1.run('nft', 'list', 'table', 'ip', 'dbg')).match(/counter.*/g));
  }
} finally { await life.stop(); }
