import process from 'node:process';
import { benchAgent } from './agent.ts';
import { benchEnroll } from './enroll.ts';

const [wanted] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const write = process.argv.includes('--write');

const agent = wanted === 'enroll' ? 0 : await benchAgent({ write, say });
const enroll = wanted === 'agent' ? 0 : await benchEnroll({ write, say });
process.exitCode = Math.max(agent, enroll);
