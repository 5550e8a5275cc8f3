import { makeTemplate } from '../../packages/manager/test/test-database.ts';

/** Before the first test. */
export const setup = makeTemplate;
