import process from 'node:process';
import { benchEnroll } from './enroll.ts';

process.exitCode = await benchEnroll({
  write: process.argv.includes('--write'),
  say: (line) => void process.stdout.write(`${line}\n`),
});
