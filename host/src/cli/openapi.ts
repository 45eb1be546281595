// `openapi`: prints the specification; `openapi | cmp - api/openapi.json` is the drift check.
import { type Command, exitCode } from './command.ts';

export const openapi: Command = {
  name: 'openapi',
  summary: 'print the OpenAPI specification of the API',
  options: {},
  async run(_flags, context) {
    // Only here: every other command starts without the generator.
    const { openApiText } = await import('../api/openapi.ts');
    context.out(await openApiText());
    return exitCode.ok;
  },
};
