import type { ApiApplication } from '@hedgerow/protos';
import { Command } from 'commander';
import { fullName } from '../api/names.ts';
import type { Column } from '../output/table.ts';
import { type Context, clientOf, example, listing, print } from './context.ts';

const COLUMNS: Column<ApiApplication>[] = [
  { title: 'APPLICATION', of: fullName },
  { title: 'ID', of: row => row.applicationID },
  { title: 'SERVICES', of: row => row.microservices.length },
  { title: 'OWNER', of: row => row.userId },
  { title: 'DESCRIPTION', of: row => row.application_desc },
];

export function appsCommand(context: Context): Command {
  const command = listing(new Command('apps'))
    .summary('list applications')
    .description('Lists your applications; an Admin sees everybody’s.')
    .action(async () => {
      print(context, command, await clientOf(context, command).applications(), COLUMNS);
    });
  return example(command, 'hedge apps --json');
}
