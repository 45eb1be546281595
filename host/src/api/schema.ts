// Bridges typebox 1.x schemas to Elysia 1.4, which wants typebox 0.34 or a Standard Schema: one source of schemas for
// the API, the files and the specification. Raw 1.x schemas fail at request time.
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ApiError } from '../../../contract/errors.ts';

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
  /** Turns the strings of a query into lists, numbers and booleans: those that are written as such, and nothing else. */
  readonly coerce?: boolean;
  /** What an absent body stands for. */
  readonly absent?: unknown;
  /** For the specification, when the answer is no JSON. */
  readonly mediaType?: string | readonly string[];
  /** For the specification: headers of the answer, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A copy of the schema that Elysia can validate with and print: it changes the schemas that it is given. */
export function std<S extends TSchema>(
  schema: S,
  options: StdOptions = {},
): S & Standard<Static<S>> {
  // Compiled at the first request: thirty schemas at every start would cost more than the rest of the API.
  let compiled: ReturnType<typeof Compile> | undefined;
  const validate = (given: unknown): { value: Static<S> } | { issues: Issue[] } => {
    const present = given === undefined || given === '' ? options.absent : given;
    const value = options.coerce === true ? fromQuery(schema, present) : present;
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
    ...(options.mediaType === undefined ? {} : { [MEDIA_TYPE]: [options.mediaType].flat() }),
    ...(options.absent === undefined ? {} : { [OPTIONAL]: true }),
    ...(options.headers === undefined ? {} : { [HEADERS]: options.headers }),
    '~standard': { version: 1 as const, vendor: 'typebox' as const, validate },
  });

  function isOf(checker: { Check(value: unknown): boolean }, value: unknown): value is Static<S> {
    return checker.Check(value);
  }
}

/** The error answers of a route, which all have one shape. */
export function errors<const S extends number>(...statuses: readonly S[]): ErrorAnswers<S> {
  const answers = Object.fromEntries(statuses.map((status) => [status, std(ApiError)]));
  if (hasAll(answers, statuses)) return answers;
  throw new Error('a status got lost');
}

type ErrorAnswers<S extends number> = Record<S, ReturnType<typeof std<typeof ApiError>>>;

function hasAll<S extends number>(
  answers: Readonly<Record<string, unknown>>,
  statuses: readonly S[],
): answers is ErrorAnswers<S> {
  return statuses.every((status) => String(status) in answers);
}

/** A query as it was sent: a text each, several texts where a name came again. */
export function queryOf(url: string): Record<string, string | string[]> {
  const at = url.indexOf('?');
  if (at < 0) return {};
  const query = new URLSearchParams(url.slice(at + 1));
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const texts = query.getAll(name);
      return [name, texts.length === 1 ? (texts[0] ?? '') : texts];
    }),
  );
}

function fromQuery(schema: TSchema, query: unknown): unknown {
  if (!('properties' in schema) || typeof query !== 'object' || query === null) return query;
  const properties = new Map(Object.entries(Object(schema.properties)));
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, fromText(properties.get(name), value)]),
  );
}

/** A value as its schema wants it; as it is when it is not written so, and then the check says what is wrong. */
function fromText(schema: unknown, value: unknown): unknown {
  const { type, items } = typed(schema);
  if (type === 'array') {
    const texts = Array.isArray(value) ? value : [value];
    return texts.flatMap((text) => String(text).split(',')).map((text) => fromText(items, text));
  }
  if (typeof value !== 'string') return value;
  if (type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value;
  const isNumber = (type === 'number' || type === 'integer') && NUMBER.test(value);
  return isNumber ? Number(value) : value;
}

function typed(schema: unknown): { readonly type?: unknown; readonly items?: unknown } {
  return typeof schema === 'object' && schema !== null ? schema : {};
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$/;
/** The keys under which a schema tells the specification what no schema can say. */
export const MEDIA_TYPE = 'x-media-type';
export const HEADERS = 'x-headers';
export const OPTIONAL = 'x-optional';
/** What a text may be, where the route itself refuses the rest, with a sentence of its own. */
export const ONE_OF = 'x-one-of';
