import { HedgerowError } from '@hedgerow/common';
import { Command } from 'commander';
import { examine } from '../doctor/doctor.ts';
import type { Finding } from '../doctor/finding.ts';
import { ERRORS } from '../errors.ts';
import type { Column } from '../output/table.ts';
import { type Context, example, listing, print } from './context.ts';

const COLUMNS: Column<Finding>[] = [
  { title: 'CHECK', of: row => row.check },
  { title: 'STATE', of: row => row.state },
  { title: 'FOUND', of: row => row.found },
  { title: 'MEND', of: row => row.mend },
];

export function doctorCommand(context: Context): Command {
  const command = listing(new Command('doctor'))
    .summary('check this machine')
    .description(
      'Checks kernel, programs, Docker, ports and clock of this machine, and says how to mend what is not right. Changes nothing.',
    )
    .action(async () => {
      const findings = await examine(Date.now());
      print(context, command, findings, COLUMNS);
      const bad = findings.filter(finding => finding.state === 'failed');
      if (bad.length > 0)
        throw new HedgerowError(ERRORS.DOCTOR, `${bad.length} to mend: ${bad.map(f => f.check).join(', ')}`);
    });
  return example(command, 'sudo hedge doctor');
}
