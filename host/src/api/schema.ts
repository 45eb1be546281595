// Bridges typebox 1.x schemas to Elysia 1.4, which wants typebox 0.34 or a Standard Schema: one source of schemas for
// the API, the files and the specification. Raw 1.x schemas fail at request time.
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';

interface Issue {
  readonly message: string;
  readonly path: string[];
}

interface Standard<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'typebox';
    readonly validate: (value: unknown) => { value: T } | { issues: Issue[] };
    readonly types?: { readonly input: T; readonly output: T };
  };
}

export interface StdOptions {
  /** Turns the strings of a query into numbers and booleans. */
  readonly coerce?: boolean;
  /** What an absent body stands for. */
  readonly absent?: unknown;
  /** For the specification, when the answer is no JSON. */
  readonly mediaType?: string;
}

/** A copy of the schema that Elysia can validate with and print: it changes the schemas that it is given. */
export function std<S extends TSchema>(
  schema: S,
  options: StdOptions = {},
): S & Standard<Static<S>> {
  // Compiled at the first request: thirty schemas at every start would cost more than the rest of the API.
  let compiled: ReturnType<typeof Compile> | undefined;
  const validate = (given: unknown): { value: Static<S> } | { issues: Issue[] } => {
    const present = given === undefined || given === null || given === '' ? options.absent : given;
    const value = options.coerce === true ? Value.Convert(schema, present) : present;
    compiled ??= Compile(schema);
    const check = compiled;
    if (isOf(check, value)) return { value };
    const issues = [...check.Errors(value)].map(({ instancePath, message }) => ({
      message,
      path: instancePath.split('/').slice(1),
    }));
    return { issues };
  };
  const copy: S = structuredClone(schema);
  return Object.assign(copy, {
    ...(options.mediaType === undefined ? {} : { [MEDIA_TYPE]: options.mediaType }),
    '~standard': { version: 1 as const, vendor: 'typebox' as const, validate },
  });

  function isOf(checker: { Check(value: unknown): boolean }, value: unknown): value is Static<S> {
    return checker.Check(value);
  }
}

/** The key under which a schema tells the specification its media type. */
export const MEDIA_TYPE = 'x-media-type';
