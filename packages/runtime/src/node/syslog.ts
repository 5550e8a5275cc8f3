import { createSocket } from 'node:dgram';
import type { LogLevel } from '../logger.ts';
import type { LineSink } from './logger.ts';

/** Severities of RFC 5424 §6.2.1. */
const SEVERITY: Record<LogLevel, number> = { debug: 7, info: 6, warn: 4, error: 3 };
/** Facility `daemon` of RFC 5424 §6.2.1. */
const DAEMON = 3;
/** Longest message that every transport must take (RFC 5426 §3.2). */
const LIMIT_BYTES = 2_048;

/** The RFC 5424 form of a line. */
export function formatSyslog(
  line: string,
  level: LogLevel,
  facts: {
    readonly nowMs: number;
    readonly hostname: string;
    readonly program: string;
    readonly pid: number;
  },
): string {
  const priority = DAEMON * 8 + SEVERITY[level];
  const time = new Date(facts.nowMs).toISOString();
  return `<${priority}>1 ${time} ${facts.hostname || '-'} ${facts.program} ${facts.pid} - - ${line}`;
}

/** Sends lines to a syslog server over UDP (RFC 5426). What cannot be sent is lost, as with any UDP log. */
export function syslogSink(options: {
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
  readonly program: string;
  readonly now: () => number;
}): LineSink {
  const socket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
  socket.unref();
  socket.on('error', () => {});
  return (line, level) => {
    const facts = {
      nowMs: options.now(),
      hostname: options.hostname,
      program: options.program,
      pid: process.pid,
    };
    const message = Buffer.from(formatSyslog(line, level, facts)).subarray(0, LIMIT_BYTES);
    socket.send(message, options.port, options.host, () => {});
  };
}
