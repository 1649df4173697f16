import { runCli } from './app.ts';
import { processIo } from './output/process-io.ts';

process.exitCode = await runCli(process.argv.slice(2), processIo());
