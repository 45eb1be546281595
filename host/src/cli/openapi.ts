// `openapi`: prints the specification; `openapi | cmp - api/openapi.json` is the drift check.
import { openApiText } from '../api/openapi.ts';
import { type Command, exitCode } from './command.ts';

export const openapi: Command = {
  name: 'openapi',
  summary: 'print the OpenAPI specification of the API',
  options: {},
  async run(_flags, context) {
    context.out(await openApiText());
    return exitCode.ok;
  },
};
