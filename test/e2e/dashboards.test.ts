/**
 * What a running fleet tells about itself, read by Debian's Prometheus with the configuration that we ship: every query
 * of every panel has data, every alert is about something that exists, every metric is as it is documented.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exec } from '@hedgerow/cli';
import type { ApiService } from '@hedgerow/protos';
import { metricSections, repository } from '../docs.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { login } from '../support/http.ts';
import { execInNamespace } from '../support/netns.ts';
import { type Prometheus, type Sample, startPrometheus } from '../support/prometheus.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale } from '../support/stories.ts';

const dashboards = join(repository, 'dashboards');
const promtool = (...args: string[]) => exec('promtool', args);

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  targets?: { expr: string }[];
}

interface Dashboard {
  file: string;
  uid: string;
  panels: Panel[];
  templating: { list: { name: string; type: string; definition?: string }[] };
}

const pages: Dashboard[] = globSync(join(dashboards, 'grafana/dashboards/*.json')).map(file => ({
  ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<Dashboard, 'file'>),
  file: basename(file),
}));

/** What a person would have chosen; everything, where he may choose several. */
const CHOSEN: Readonly<Record<string, string>> = {
  cluster: 'demo',
  worker: '.*',
  application: 'shop.test',
  service: '.*',
  __rate_interval: '30s',
};

/** The variable of every dashboard that says which Prometheus is asked. */
const CHOOSABLE = '$' + '{datasource}';

function substituted(expression: string): string {
  return expression.replaceAll(/\$(\w+)/g, (all, name: string) => CHOSEN[name] ?? all);
}

function namesIn(expression: string): string[] {
  return [...new Set(expression.match(/\bhedgerow_\w+|\bup\b/g) ?? [])];
}

/** A quantile of nothing is not a number. */
function isData(samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => !Number.isNaN(value));
}

describe('the files', { skip: withoutRoot() }, () => {
  it('are understood by promtool', async () => {
    await promtool('check', 'config', join(dashboards, 'prometheus/prometheus.yml'));
    await promtool('check', 'rules', join(dashboards, 'prometheus/alerts.yml'));
  });

  it('warn when they should, and only then', async () => {
    await promtool('test', 'rules', join(dashboards, 'alerts.test.yml'));
  });

  it('say of every alert what is the matter and what to do', () => {
    const rules = readFileSync(join(dashboards, 'prometheus/alerts.yml'), 'utf8').split('- alert: ').slice(1);
    for (const rule of rules)
      assert.match(rule, /severity: \w+.*summary: "[^"]{20,}".*runbook: "[^"]{20,}"/s);
  });

  for (const { file, uid, panels } of pages)
    it(`${file}: every panel has its own number, a description and the chosen data source`, () => {
      assert.equal(uid, `hedgerow-${basename(file, '.json')}`);
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      for (const panel of panels.filter(({ type }) => type !== 'row')) {
        assert.ok((panel.description ?? '').length > 15, `${panel.title} has a description`);
        assert.equal(panel.datasource?.uid, CHOOSABLE);
      }
    });
});

describe('a fleet that is watched', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let prometheus: Prometheus;
  let load: { stop(): Promise<void> };

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    prometheus = await startPrometheus(fleet);
    load = await startLoad(fleet);
  });
  after(async () => {
    await load?.stop();
    await prometheus?.stop();
    await fleet?.stop();
  });

  const answer = (what: string, expression: string, wanted = isData) =>
    eventually(what, () => prometheus.query(expression), wanted, { timeout: 60_000, every: 300 });

  it('every target answers', async () => {
    const all = await eventually(
      'all targets are up',
      () => prometheus.targets(),
      targets => targets.length === 4 && targets.every(({ up }) => up),
      { timeout: 20_000 },
    );
    assert.deepEqual(all.map(({ job }) => job).sort(), ['cluster', 'root', 'worker', 'worker']);
  });

  for (const { file, panels, templating } of pages)
    describe(file, () => {
      for (const { name, definition = '' } of templating.list.filter(({ type }) => type === 'query'))
        it(`offers values for ${name}`, async () => {
          const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
          const found = await answer(name, `group by (${label}) (${substituted(series)})`);
          const offered = found.map(({ metric }) => metric[label]);
          const chosen = CHOSEN[name] ?? '';
          assert.ok(chosen === '.*' || offered.includes(chosen), `${chosen} is among ${offered.join(', ')}`);
        });
      for (const { title, targets = [] } of panels)
        for (const { expr } of targets)
          it(`has data for ${title}: ${expr}`, async () => void (await answer(title, substituted(expr))));
    });

  it('every alert can be asked for, and is about metrics that are there', async () => {
    const text = readFileSync(join(dashboards, 'prometheus/alerts.yml'), 'utf8');
    const expressions = [...text.matchAll(/^ {8}expr: (.+)$/gm)].map(([, expression = '']) => expression);
    assert.ok(expressions.length >= 10);
    for (const expression of expressions) {
      await prometheus.query(expression);
      const names = namesIn(expression);
      assert.ok(names.length > 0, expression);
      for (const name of names) await answer(name, `count(${name})`);
    }
  });

  it('shows what is documented and nothing else, in a form that promtool finds no fault with', async () => {
    const { cluster, root } = fleet;
    const wget = (address: string) =>
      execInNamespace(cluster.namespace ?? '', '/bin/busybox', 'wget', '-qO-', `http://${address}/metrics`);
    const texts = [
      await (await fetch(`${root.url}/metrics`)).text(),
      await wget(`${cluster.address}:10100`),
      await wget(`${fleet.worker('worker1').address}:10200`),
    ];
    for (const text of texts) await exec('promtool', ['check', 'metrics'], text);
    const shown = new Set(
      texts.flatMap(text => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name)),
    );
    const documented = Object.values(await metricSections()).flatMap(table => Object.values(table));
    assert.deepEqual([...shown].sort(), documented.map(({ name }) => name).sort());
  });

  it('everybody is ready', async () => {
    const pages = [`${fleet.cluster.address}:10100`, `${fleet.worker('worker2').address}:10200`].map(
      address =>
        execInNamespace(
          fleet.cluster.namespace ?? '',
          '/bin/busybox',
          'wget',
          '-qO-',
          `http://${address}/readyz`,
        ),
    );
    const root = fetch(`${fleet.root.url}/readyz`).then(reply => reply.text());
    for (const text of await Promise.all([...pages, root]))
      assert.deepEqual(JSON.parse(text), { status: 'ready', reasons: [], degraded: [] });
  });

  it('a program that goes on ending, and an instance without room, are warned of', async () => {
    const restarts = 'sum by (service) (increase(hedgerow_root_instance_restarts_total[15m]))';
    await answer('restarts of flaky', restarts, samples =>
      samples.some(({ metric, value }) => metric.service === 'flaky.test' && value > 3),
    );
    await answer('the alert', 'ALERTS{alertname="HedgerowInstanceRestarting"}', samples =>
      samples.some(({ metric }) => metric.service === 'flaky.test'),
    );
    await answer('the pending one', 'ALERTS{alertname="HedgerowInstancesWaiting",queue="waiting"}');
  });
});

/** Clients that call a service whose instances come and go, a program that goes on ending, one without room, people. */
async function startLoad(fleet: TestFleet): Promise<{ stop(): Promise<void> }> {
  const services = await register(
    fleet,
    descriptor('shop', [
      microservice('client', { cmd: SLEEP }),
      microservice('server'),
      microservice('flaky', { cmd: ['sh', '-c', 'sleep 1; exit 3'] }),
      microservice('giant', { memory: 1_000_000 }),
    ]),
  );
  const named = (name: string) => services.get(name) as ApiService;
  for (const name of ['flaky', 'giant']) await fleet.client.addInstance(named(name).microserviceID);
  const client = await scale(fleet, named('client'), 2);
  const server = await scale(fleet, named('server'), 4);
  let stopped = false;
  const working = (async () => {
    while (!stopped) {
      for (const instance of client.instance_list)
        await fleet.request({ service: client, instance }, `http://${server.RR_ip}/`, 10);
      const { microserviceID } = server;
      await fleet.client.addInstance(microserviceID);
      const { instance_list } = await fleet.client.service(microserviceID);
      await fleet.client.removeInstance(microserviceID, instance_list[0]?.instance_number ?? 0);
      await fleet.client.services();
      await login(fleet.root.url, 'nobody', 'wrong').catch(() => {});
    }
  })();
  return {
    async stop() {
      stopped = true;
      await working;
    },
  };
}
