// What a piece of work was refused with, as one text that a test can expect.
import { AppError } from '../../host/src/errors.ts';

/** `status code` of a refusal, `none` when there is none; anything else that is thrown goes on. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return told(error);
  }
  return 'none';
}

/** The same of work that answers at once. */
export function refusalNow(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return told(error);
  }
  return 'none';
}

function told(error: unknown): string {
  if (error instanceof AppError) return `${error.status} ${error.code}`;
  throw error;
}
