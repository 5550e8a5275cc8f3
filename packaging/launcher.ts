import { programFiles } from './loader.ts';

/**
 * What Node, its TLS library and its event loop read from the environment (node(1), openssl-env(7)). Whoever sets it means
 * another program: a preload that is not here ends ours, a debugger or a CA is let in, a limit of TLS keeps it from serving.
 */
const UNWANTED = [
  'NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_CLUSTER_SCHED_POLICY NODE_COMPILE_CACHE NODE_COMPILE_CACHE_PORTABLE',
  'NODE_COMPILE_CACHE_READONLY NODE_DEBUG NODE_DEBUG_NATIVE NODE_DISABLE_COLORS NODE_DISABLE_COMPILE_CACHE NODE_EXTRA_CA_CERTS',
  'NODE_ICU_DATA NODE_NO_WARNINGS NODE_OPTIONS NODE_PATH NODE_PENDING_DEPRECATION NODE_PENDING_PIPE_INSTANCES',
  'NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN NODE_REDIRECT_WARNINGS NODE_REPL_EXTERNAL_MODULE NODE_REPL_HISTORY',
  'NODE_SKIP_PLATFORM_CHECK NODE_TEST_CONTEXT NODE_TLS_REJECT_UNAUTHORIZED NODE_UNIQUE_ID NODE_USE_ENV_PROXY',
  'NODE_USE_SYSTEM_CA NODE_V8_COVERAGE OPENSSL_CONF OPENSSL_CONF_INCLUDE OPENSSL_ENGINES OPENSSL_MODULES SSL_CERT_DIR',
  'SSL_CERT_FILE UV_THREADPOOL_SIZE UV_USE_IO_URING WATCH_REPORT_DEPENDENCIES',
];

/** Shell lines that take it away; the scripts in `bin/` have the same. */
export const CLEAN_ENVIRONMENT = UNWANTED.map((names) => `unset ${names}`).join('\n');

/** The program as it is found on the path: the private Node without a debugger, and an environment that cannot bend it. */
export function launcher(name: string): string {
  const library = `/usr/lib/${name}`;
  return [
    '#!/bin/sh',
    `# Starts ${name} on its own Node, without what the environment holds for other programs on Node.`,
    CLEAN_ENVIRONMENT,
    `exec ${library}/node --disable-sigusr1 ${library}/${programFiles(name).loader} "$@"`,
    '',
  ].join('\n');
}
