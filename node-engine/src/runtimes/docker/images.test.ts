import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failureIn, withTag } from './images.ts';

it('asks for one tag, whatever the reference leaves out', () => {
  const digest = `web@sha256:${'0'.repeat(64)}`;
  assert.equal(withTag('web'), 'web:latest');
  assert.equal(withTag('registry:5000/team/web'), 'registry:5000/team/web:latest');
  assert.equal(withTag('registry:5000/team/web:2'), 'registry:5000/team/web:2');
  assert.equal(withTag(digest), digest);
});

it('a pull that failed half way has its reason in a line of its progress', () => {
  const begun = { status: 'Pulling from library/nginx', id: 'latest' };
  const full = { errorDetail: { message: 'no space left on device' }, error: 'no space left on device' };
  assert.equal(failureIn([begun, full])?.message, 'no space left on device');
  assert.equal(failureIn([begun]), null);
});
