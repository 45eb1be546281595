// `token`: prints the operator's token, and makes it when there is none yet.
import { loadToken } from '../identity/token.ts';
import { type Command, exitCode } from './command.ts';
import { configure } from './setup.ts';

export const token: Command = {
  name: 'token',
  summary: 'print the token of the API',
  options: {},
  async run(flags, context) {
    const { config } = configure(flags, context);
    const { value, path, note } = loadToken(config.configDir);
    if (path === undefined) {
      context.err(`punktfunk-host token: a token cannot be kept: ${note}\n`);
      return exitCode.problem;
    }
    context.out(`${value}\n`);
    return exitCode.ok;
  },
};
