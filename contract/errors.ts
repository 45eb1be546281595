// The one shape of every error answer: a sentence for people, a stable code for programs.
import Type, { type Static } from 'typebox';

export const ApiError = Type.Object(
  {
    error: Type.String({
      description: 'One plain sentence: what happened, with values, and what to do',
    }),
    code: Type.String({ description: 'Stable name, e.g. unauthorized, not_found' }),
  },
  { title: 'ApiError' },
);
export type ApiError = Static<typeof ApiError>;
