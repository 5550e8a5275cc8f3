import { themed } from '@linux-patch/runtime/findings';

const network = themed('network');
const manager = themed('manager');
const access = themed('access');
const packages = themed('packages');

/** The way to the manager. */
export const NETWORK_CHECKS = {
  PROXY_INVALID: network.error({
    title: 'The proxy is set to something that is no proxy',
    meaning: 'The manager is not asked around it. Correct enrollment.proxy or HTTPS_PROXY.',
    command: 'editor {config}',
  }),
  PROXY_UNREACHABLE: network.error({
    title: 'The proxy does not answer',
    meaning: 'It is down, or enrollment.proxy or HTTPS_PROXY names another place.',
    command: 'curl -v --proxy {proxy} {manager}',
  }),
  PROXY_WANTS_PASSWORD: network.error({
    title: 'The proxy wants a user name and a password',
    meaning: 'Set enrollment.proxy to http://USER:PASSWORD@HOST:PORT.',
    command: 'editor {config}',
  }),
  PROXY_REFUSES: network.error({
    title: 'The proxy does not let this host through to the manager',
    meaning: 'Its administrator has to permit CONNECT to the host and port of the manager.',
    command: 'curl -v --proxy {proxy} {manager}',
  }),
  PROXY_CANNOT_REACH: network.error({
    title: 'The proxy does not reach the manager',
    meaning: 'The manager is down, or the proxy does not know its name or has no way to it.',
    command: 'curl -v --proxy {proxy} {manager}',
  }),
  DNS_FAILED: network.error({
    title: "The manager's name does not resolve",
    meaning: 'The name is wrong, or the name server does not answer or does not know it.',
    command: 'getent hosts {host}',
  }),
  MANAGER_PORT_CLOSED: network.error({
    title: "Nobody listens on the manager's port",
    meaning: 'The manager is stopped, or the port in enrollment.manager_url is another one.',
    command: 'systemctl start linux-patch-manager  # on the manager',
  }),
  MANAGER_UNREACHABLE: network.error({
    title: 'The manager cannot be reached over the network',
    meaning: 'A firewall drops the packets, or there is no route. The agent waits and tries again by itself.',
    command: 'curl -kv --max-time 10 {manager}',
  }),
} as const;

/** Who answers there. */
export const MANAGER_CHECKS = {
  MANAGER_NOT_TLS: manager.error({
    title: 'What answers at the address of the manager does not speak TLS',
    meaning: 'The port belongs to another service, or to plain http.',
    command: 'editor {config}',
  }),
  MANAGER_NAME_MISMATCH: manager.error({
    title: "The manager's certificate is for another name",
    meaning:
      'Use a name that is in it, or add this one to server.names of the manager. It may also be another server.',
    command: 'editor {config}',
  }),
  MANAGER_CERT_OUT_OF_DATE: manager.error({
    title: "The manager's certificate is out of date",
    meaning: 'A running manager renews it by itself.',
    command: 'systemctl restart linux-patch-manager  # on the manager',
  }),
  MANAGER_CA_UNKNOWN: manager.error({
    title: "The manager's certificate is not from the CA that this host believes",
    meaning:
      'Somebody is in between, or the manager was set up anew. Compare "linux-patch-manager ca show" before anything else.',
    command: '{agent} --enroll {manager}',
  }),
  MANAGER_PIN_MISMATCH: manager.error({
    title: "The manager's CA is not the pinned one",
    meaning: 'Either enrollment.ca_fingerprint is wrong, or this is not your manager. Nothing is sent to it.',
    command: 'linux-patch-manager status  # on the manager: compare the fingerprint of the CA',
  }),
  MANAGER_DOWN: manager.error({
    title: 'The manager is there but cannot answer',
    meaning:
      'It, or the proxy in front of it, answers with an error of its own. The agent tries again by itself.',
    command: 'systemctl restart linux-patch-manager  # on the manager',
  }),
  MANAGER_THROTTLES: manager.warning({
    title: 'The manager asks for fewer requests',
    meaning: 'Many hosts ask from this address. The agent waits as long as it was told.',
    command: '{agent} status',
  }),
  MANAGER_IS_WEB_PAGE: manager.error({
    title: 'At the address of the manager there is a web page',
    meaning:
      'A login page, a proxy or another web server answers. The address is that of the manager itself.',
    command: 'editor {config}',
  }),
  MANAGER_IS_OTHER_SERVICE: manager.error({
    title: 'What answers at the address of the manager is no manager',
    meaning: 'The port or the path in enrollment.manager_url belongs to another service.',
    command: 'editor {config}',
  }),
  MANAGER_CUTS: manager.error({
    title: 'The connection to the manager is cut before it answers',
    meaning:
      'A firewall or proxy on the way ends it, or the manager restarts just now. From another network curl shows which.',
    command: 'curl -kv --max-time 10 {manager}',
  }),
  MANAGER_NO_HANDSHAKE: manager.error({
    title: 'The port of the manager is open, but nobody answers the TLS handshake',
    meaning:
      'A firewall or tunnel on the way lets only small packets through (MTU), or what listens there hangs. The agent tries again by itself.',
    command: 'curl -kv --max-time 10 {manager}',
  }),
  MANAGER_SMALL_HELLO: manager.notice({
    title: 'Something on the way cuts TLS connections whose first packet is large',
    meaning:
      'A firewall or proxy does not know the TLS of today (post-quantum key exchange). The agent goes without it, after one lost try each time.',
    command: 'openssl s_client -connect {host}:{port} -groups X25519MLKEM768',
  }),
  MANAGER_SILENT: manager.error({
    title: 'The manager takes the request and then says nothing',
    meaning: 'It hangs or is overloaded. The agent tries again by itself.',
    command: 'systemctl restart linux-patch-manager  # on the manager',
  }),
  PLAIN_HTTP_ALLOWED: manager.warning({
    title: 'The manager is asked over plain http',
    meaning: 'enrollment.allow_plain_http is true: anybody on the way can read and change what is sent.',
    command: "sed -i '/allow_plain_http/d; s#http://#https://#' {config}",
  }),
} as const;

/** Who may call. */
export const ACCESS_CHECKS = {
  ALLOW_LIST_MISSING: access.error({
    title: 'The allow list does not exist',
    meaning: 'Nobody may connect, the manager neither: its address was not learned.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  JOB_KEY_UNREADABLE: access.error({
    title: 'Whose changes this host takes cannot be read',
    meaning:
      'It does nothing that others ask for, because the file that names the key of its manager is damaged, gone, or open to others than root. "linux-patch-manager job-key show" has the key; it goes where the dots are.',
    command: '{agent} trust-job-key SHA256:...',
  }),
  JOB_KEY_FOREIGN: access.error({
    title: 'The manager signs with another key than this host takes changes from',
    meaning:
      'Changes are refused. The manager lost its job key or was replaced, or the one that answers is not your manager: compare the key with "linux-patch-manager job-key show" there before you trust it.',
    command: '{agent} trust-job-key {key}',
  }),
  ALLOW_LIST_INVALID: access.error({
    title: 'The allow list has faults',
    meaning: 'At its start the agent then lets nobody in; one that runs keeps what it has.',
    command: 'editor {allowlist}',
  }),
  ALLOW_LIST_OPEN: access.error({
    title: 'Others than root can change the allow list',
    meaning: 'They can let themselves, or everybody, connect to the agent.',
    command: 'chown root:root {path} && chmod go-w {path}',
    repairs: true,
  }),
  ALLOW_LIST_LACKS_MANAGER: access.error({
    title: 'The address of the manager is neither on the allow list nor learned',
    meaning:
      'The manager is closed before TLS and calls this host unreachable. Its name leads to another address now, or an earlier version put the old one into the list and it is gone.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  ALLOW_LIST_EVERYBODY: access.notice({
    title: 'The allow list has every address in the world',
    meaning: 'Only TLS protects this host.',
    command: 'editor {allowlist}',
  }),
  TRUST_TOFU: access.warning({
    title: 'The manager was believed without proof',
    meaning:
      'Whoever answered first owns this host. Set enrollment.ca_fingerprint, remove enrollment.trust: tofu and enrol again.',
    command: '{agent} --enroll {manager}',
  }),
  ALLOWED_CLIENTS_ANY: access.warning({
    title: 'Any client certificate of the CA may call this host',
    meaning: 'tls.allowed_clients is "*". Without the key only the manager may.',
    command: "sed -i '/allowed_clients/d' {config}",
  }),
  KEY_MADE_BY_MANAGER: access.notice({
    title: 'The private key of this host was made by the manager',
    meaning:
      'A manager of the older generation made and sent it. A new enrolment makes one that never leaves the host.',
    command: '{agent} --enroll {manager}',
  }),
} as const;

/** The package manager. */
export const PACKAGE_CHECKS = {
  PACKAGE_MANAGER_MISSING: packages.error({
    title: 'There is no package manager that the agent can drive',
    meaning:
      'package_manager.backend names one that is not installed, or this release does not know the one of this host.',
    command: 'editor {config}',
  }),
  WORKER_NOT_STARTED: packages.error({
    title: 'systemd does not start the part of the agent that works with packages',
    meaning:
      'Nobody can be told what is installed on this host and what waits, and no change is begun; jobs under way go on. The agent itself serves, and needs no restart when this is mended.',
    command: '{mend}',
  }),
  REFRESH_NOT_STARTED: packages.error({
    title: 'systemd does not start the part of the agent that refreshes the package lists',
    meaning:
      'What is new at the sources is seen only when a job refreshes the lists, and listings say how old theirs are. Everything else works. The agent needs no restart when this is mended.',
    command: '{mend}',
  }),
  WORKER_UNAVAILABLE: packages.error({
    title: 'The part of the agent that reads packages does not answer',
    meaning:
      'Nobody can be told what is installed on this host and what waits. The reason is what it ended with: a host without memory or disk space, or files of the package that are damaged; install it again then.',
    command: 'free --human && df --human-readable /',
  }),
  DPKG_INTERRUPTED: packages.warning({
    title: 'dpkg was interrupted',
    meaning: 'Packages are half configured. The agent repairs it before the next job; this does it now.',
    command: 'dpkg --configure -a',
  }),
  PACKAGES_UNCONFIGURED: packages.warning({
    title: 'Packages are half installed',
    meaning:
      'Their own scripts failed or were cut short. Every job tries them again and names them; updates of other packages go in. ' +
      'The command shows the reason: mend it, or remove the package.',
    command: '{retry}',
  }),
  DEPENDENCIES_UNMET: packages.error({
    title: 'Dependencies of installed packages are not met',
    meaning:
      'apt changes nothing on a host until they are: its jobs try to install what is missing and remove nothing. dnf and zypper change other packages all the same. The command shows what else it takes.',
    command: '{mend}',
  }),
  DPKG_LOCKED: packages.notice({
    title: 'Another process holds the package database',
    meaning: 'Jobs wait for it. Normal while somebody installs something; not for hours.',
    command: 'ps -o pid,etime,args -p {pid}',
  }),
} as const;
