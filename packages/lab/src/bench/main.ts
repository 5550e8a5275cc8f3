import process from 'node:process';
import { benchEnroll } from './enroll.ts';
import { benchListing } from './listing.ts';

const [wanted] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const write = process.argv.includes('--write');

const listing = wanted === 'enroll' ? 0 : await benchListing(say);
const enroll = wanted === 'listing' ? 0 : await benchEnroll({ write, say });
process.exitCode = Math.max(listing, enroll);
