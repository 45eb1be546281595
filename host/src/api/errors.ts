// Turns whatever was thrown into the one shape of an error answer. Nothing else makes error bodies.
import type { ApiError } from '../../../contract/errors.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** What Elysia hands to `onError`, as far as it is used. */
export interface Thrown {
  readonly code: string | number;
  readonly error: unknown;
}

/** Translates Elysia's own codes; anything unknown is our fault and hides its text. */
export function toAppError({ code, error }: Thrown): AppError {
  if (error instanceof AppError) return error;
  switch (code) {
    case 'NOT_FOUND':
      return new AppError(404, 'not_found', 'There is nothing at this address.');
    case 'PARSE':
      return new AppError(400, 'bad_json', 'The body is not valid JSON.');
    case 'VALIDATION':
      return validationError(error);
    case 'INVALID_FILE_TYPE':
    case 'INVALID_COOKIE_SIGNATURE':
      return new AppError(400, 'bad_request', 'The request is malformed.');
    default:
      return new AppError(500, 'internal', INTERNAL, { cause: error });
  }
}

/** The answer; our own faults are logged here, once. */
export function errorResponse(
  error: AppError,
  request: Request,
  log: Log,
  headers: Readonly<Record<string, string>> = {},
): Response {
  if (error.status >= 500) {
    log.error('request failed', {
      method: request.method,
      path: URL.canParse(request.url) ? new URL(request.url).pathname : undefined,
      code: error.code,
      reason: error.cause === undefined ? error.message : reasonOf(error.cause),
    });
  }
  const body: ApiError = { error: error.message, code: error.code };
  return Response.json(body, {
    status: error.status,
    headers: error.status === 401 ? { ...headers, 'www-authenticate': 'Bearer' } : headers,
  });
}

function validationError(error: unknown): AppError {
  const part = error instanceof Error && 'type' in error ? error.type : undefined;
  if (part === 'response') return new AppError(500, 'internal', INTERNAL, { cause: error });
  // An address whose escapes cannot be decoded names nothing.
  if (part === 'params') return new AppError(404, 'not_found', 'There is nothing at this address.');
  return new AppError(422, 'invalid', validationSentence(error));
}

/** “width: must be integer” out of whatever form Elysia gives the issues. */
function validationSentence(error: unknown): string {
  if (error instanceof Error && 'all' in error && Array.isArray(error.all)) {
    const first: unknown = error.all[0];
    if (typeof first === 'object' && first !== null && 'message' in first) {
      const path =
        'path' in first ? String(first.path).replaceAll(',', '.').replace(/^\//, '') : '';
      return `The request is invalid: ${path === '' ? '' : `${path} `}${String(first.message)}.`;
    }
  }
  return 'The request is invalid.';
}

const INTERNAL = 'Something went wrong in this host; its log says what.';
