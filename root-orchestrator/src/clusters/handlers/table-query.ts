import type { Handler } from './handler.ts';

/** Which instances answer for this service IP, instance IP or job name? An unknown one is told to be removed. */
export const tableQuery: Handler<'table_query'> = async (session, query, { lookup, table }) => {
  const service = await lookup.service(query);
  if (service) return table.answer(session, service);
  const { job_name, service_ip } = query;
  session.send({ table_entry: { job_name, application_id: '', service_ip, instances: [], removed: true } });
};
