import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** A value that names a file or folder. */
export const path = z.string().refine((text) => isAbsolute(text), 'must be an absolute path');

/** A whole number within bounds, which count. */
export const whole = (min: number, max: number) => z.int().min(min).max(max);
