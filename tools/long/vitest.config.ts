import { defineConfig } from 'vitest/config';
import { EVERY_SUITE, LONG_SUITES } from '../../vitest.config.ts';

/** What enumerates: thorough rather than quick, so it is not part of `npm test`. */
export default defineConfig({ test: { ...EVERY_SUITE, include: [...LONG_SUITES] } });
