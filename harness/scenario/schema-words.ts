/** The shapes that every section of the schema is made of. */
import { z } from 'zod';
import { expected, text } from './scalars.ts';

export const yesNo = () => z.boolean(expected('true or false'));
export const mapping = <S extends z.core.$ZodLooseShape>(shape: S, example?: string) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'invalid_type'
        ? `expected a mapping${example === undefined ? ' (keys with values)' : ` such as ${example}`}`
        : undefined,
  });
export const texts = (what: string) => z.array(text(), expected(what));
