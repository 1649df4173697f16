import { STATUSES } from '@hedgerow/protos';
import { instanceId } from '../../model.ts';
import type { Up } from '../dispatch.ts';
import { count, type Fields, figure, list, object, output, parseObject, string } from '../parse.ts';

/** Usage of instances. Never a reason to believe anything about their status. */
export function onResources(up: Up, workerId: string, payload: Buffer): void {
  list(parseObject(payload), 'services').forEach((item, index) => {
    observe(up, workerId, object(item, `services.${index}`));
  });
}

function observe(up: Up, workerId: string, fields: Fields): void {
  const ref = { service_id: string(fields, 'service_id'), instance_number: count(fields, 'instance') };
  const instance = up.jobs.instances.get(instanceId(ref));
  // what is late is of before its end
  if (instance?.worker_id !== workerId || STATUSES[instance.status].final) return;
  const logs = output(fields, 'logs');
  up.jobs.instances.observe({
    ...instance,
    cpu_percent: figure(fields, 'cpu_percent'),
    memory_percent: figure(fields, 'memory_percent'),
    disk: string(fields, 'disk'),
    logs: logs === '' ? instance.logs : logs,
  });
}
