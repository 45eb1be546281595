// What a piece of work was refused with, as one text that a test can expect.
import { AppError } from '../../host/src/errors.ts';

/** `status code` of a refusal, `none` when there is none; anything else that is thrown goes on. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'none';
}
