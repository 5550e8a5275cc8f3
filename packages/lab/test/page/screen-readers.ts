import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** The rules in one script, as `@axe-core/playwright` brings them. */
const { source } = createRequire(import.meta.resolve('@axe-core/playwright'))('axe-core') as {
  readonly source: string;
};

const LOOK = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`;

/**
 * What readers of the screen would stumble over. A document is given the rules once, however often it is looked at: AxeBuilder
 * brings half a megabyte of script for each look, and again to a second page that adds up what the frames of a page said. Ours
 * has none.
 */
export async function faultsOf(page: Page): Promise<string[]> {
  if (page.frames().length > 1) throw new Error('what is in the frames of a page is not looked at');
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(source);
  return (await page.evaluate(LOOK)) as string[];
}
