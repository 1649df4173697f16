import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DOWN } from '@hedgerow/protos';
import { makeDeploy } from '../testing/deploys.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';

const folder = mkdtempSync(join(tmpdir(), 'hedgerow-status-'));
const socket = join(folder, 'status.sock');

function get(path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, path }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject);
    sent.end();
  });
}

describe('what a worker without a Docker Engine tells about itself', () => {
  let cluster: TestCluster;
  let worker: TestWorker;
  before(async () => {
    cluster = await startTestCluster();
    worker = await startTestWorker(cluster, '/nowhere/docker.sock', null, {
      beat: 100,
      statusListen: `unix:${socket}`,
    });
  });
  after(async () => {
    await worker.stop();
    await cluster.stop();
    removeData(worker);
    rmSync(folder, { recursive: true });
  });

  it('is alive, not ready, and says why', async () => {
    assert.equal((await get('/healthz')).status, 200);
    const { status, text } = await get('/readyz');
    assert.equal(status, 503);
    assert.deepEqual(JSON.parse(text), {
      status: 'not ready',
      reasons: ['the Docker Engine does not answer'],
      degraded: [],
    });
  });

  it('its instances by state and by name, its messages, its machine', async () => {
    await cluster.up.take(({ leaf }) => leaf === 'beat', 'a beat', 5000);
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'CREATING');
    const { text } = await get('/metrics');
    const own = 'worker="w1",cluster="[^"]*"';
    const [application, service] = [/^[^.]+\.[^.]+/, /[^.]+\.[^.]+$/].map(
      half => half.exec(makeDeploy().job_name)?.[0],
    );
    const labels = `application="${application}",service="${service}",instance_number="0"`;
    for (const line of [
      `hedgerow_worker_instances{status="CREATING",${own}} 1`,
      `hedgerow_worker_instances{status="RUNNING",${own}} 0`,
      `hedgerow_worker_instance_status{${labels},status="CREATING",${own}} 1`,
      `hedgerow_worker_instance_restarts_total{${labels},${own}} 0`,
      `hedgerow_worker_runtime_available{${own}} 0`,
      `hedgerow_worker_cluster_connected{${own}} 1`,
      `hedgerow_worker_cluster_connects_total{${own}} 1`,
      `hedgerow_mqtt_messages_received_total{topic="control/deploy",${own}} 1`,
      `hedgerow_mqtt_messages_sent_total{topic="beat",${own}} [1-9]\\d*`,
      `hedgerow_worker_memory_bytes{${own}} \\d{8,}`,
      `hedgerow_store_errors_total{collection="registration",error="STORE_FAILED",${own}} 0`,
    ])
      assert.match(
        text,
        new RegExp(`^${line.replaceAll(/[{}]/g, '\\$&').replace('d\\{8,\\}', 'd{8,}')}$`, 'm'),
      );
  });
});
