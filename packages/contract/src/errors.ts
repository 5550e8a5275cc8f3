import { ANSWER_ERRORS } from './errors/answers.ts';
import { JOB_ERRORS } from './errors/jobs.ts';
import { PROGRAM_ERRORS } from './errors/programs.ts';

export type { ErrorTraits } from './errors/traits.ts';

/** Every failure code of both programs, by where it appears. Traits live here, never in an `if`. */
export const ERRORS = { ...ANSWER_ERRORS, ...JOB_ERRORS, ...PROGRAM_ERRORS };

export type ErrorCode = keyof typeof ERRORS;
