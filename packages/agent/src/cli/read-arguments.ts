import { PackageGlob, PackageName } from '@linux-patch/contract';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';

/** @throws InvalidArgumentError that says what is wrong with it */
export function checked<S extends z.ZodType>(schema: S, text: string): z.output<S> {
  const { data, error } = schema.safeParse(text);
  if (error) throw new InvalidArgumentError(`${error.issues[0]?.message ?? 'It is not taken'}.`);
  return data;
}

export const packagePattern = (text: string): string => checked(PackageGlob, text);
export const packageNames = (text: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  checked(PackageName, text),
];
export const excluded = (text: string, before: string[]): string[] => [...before, packagePattern(text)];
export const jobId = (text: string): string => checked(z.uuid('A job id is a UUID'), text).toLowerCase();
