import { join, resolve } from 'node:path';
import { buildPage } from './build-page.ts';

const [given = join(import.meta.dirname, '../../.cache/page')] = process.argv.slice(2);
const { folder, initialBytes } = await buildPage(resolve(given));
process.stdout.write(`page: ${(initialBytes / 1000).toFixed(1)} kB at first, gzip, in ${folder}\n`);
