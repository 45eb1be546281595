// Entry point of the executable, and the common root of the Workers' entry points (engine/drain-worker.ts,
// recordings/worker.ts): their relative addresses hold only as long as nothing outside this folder is one.
import { runCli } from './cli/cli.ts';

process.exitCode = await runCli(process.argv.slice(2));
