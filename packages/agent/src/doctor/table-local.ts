import { themed } from '@linux-patch/runtime/findings';

const config = themed('config');
const files = themed('files');
const host = themed('host');
const clock = themed('clock');

/** Configuration: without it nothing else can be judged. */
export const CONFIG_CHECKS = {
  NOT_ROOT: config.error({
    title: 'The doctor was not started as root',
    meaning: 'Keys, state and other processes can be seen by root only, so nothing was looked at.',
    command: 'sudo {agent} doctor',
  }),
  CHECK_FAILED: config.warning({
    title: 'Something could not be looked at',
    meaning: 'A disk or the system gave an error where none belongs; what else was found stands.',
    command: 'dmesg --level=err,crit | tail',
  }),
  CONFIG_MISSING: config.error({
    title: 'The configuration file does not exist',
    meaning:
      'The agent does not start without it; one that runs keeps what it has. Every key has a default; usually only the manager is named.',
    command:
      "printf 'enrollment:\\n  manager_url: https://MANAGER:8443\\n' | install -D -m 600 /dev/stdin {config}",
  }),
  CONFIG_UNREADABLE: config.error({
    title: 'The configuration file cannot be read',
    meaning:
      'It is a folder, a link that leads in a circle, too large, or its disk is broken. The agent does not start with it; one that runs keeps what it has.',
    command: 'ls -ld {config}',
  }),
  CONFIG_YAML_BROKEN: config.error({
    title: 'The configuration file is not valid YAML',
    meaning:
      'The agent does not start with it; one that runs keeps what it has. Look at the line named: indentation, quotes, a tab.',
    command: 'editor {config}',
  }),
  CONFIG_UNKNOWN_KEY: config.error({
    title: 'The configuration has a key that the agent does not know',
    meaning:
      'The file is strict, so that a misspelt key is never ignored. Correct its name or remove the line; an agent that runs keeps what it has.',
    command: 'editor {config}',
  }),
  CONFIG_PLAIN_HTTP: config.error({
    title: 'The manager is named with http:// instead of https://',
    meaning: 'Plain http can be read and changed on the way, so the agent does not use it unless told to.',
    command: "sed -i 's#manager_url:\\(.*\\)http://#manager_url:\\1https://#' {config}",
  }),
  CONFIG_VALUE_REFUSED: config.error({
    title: 'A value in the configuration cannot be used',
    meaning: 'The agent does not start with it; one that runs keeps what it has.',
    command: 'editor {config}',
  }),
  ENVIRONMENT_REFUSED: config.error({
    title: 'A LINUX_PATCH_ variable of the environment cannot be used',
    meaning: 'The service takes its variables from /etc/default/linux-patch-api.',
    command: 'editor /etc/default/linux-patch-api',
  }),
  CONFIG_WORLD_WRITABLE: config.error({
    title: 'Everybody on this host can change the configuration',
    meaning: 'Whoever changes it chooses the manager, and the manager changes packages as root.',
    command: 'chmod o-w {path}',
    repairs: true,
  }),
  CONFIG_FOREIGN_OWNER: config.error({
    title: 'The configuration belongs to another user',
    meaning: 'Its owner can change it at any time, and with it choose the manager of this host.',
    command: 'chown root:root {path}',
    repairs: true,
  }),
  CONFIG_SECRET_READABLE: config.error({
    title: 'Everybody on this host can read a secret in the configuration',
    meaning: 'A polling token or the password of a proxy is in it.',
    command: 'chmod o-rwx {path}',
    repairs: true,
  }),
  MANAGER_URL_MISSING: config.error({
    title: 'There are no certificates and no manager is named',
    meaning: 'The agent cannot get an identity by itself, ends cleanly and serves nothing.',
    command: '{agent} --enroll https://MANAGER:8443',
  }),
  JOIN_FILE_MISSING: config.error({
    title: 'The file with the join string does not exist',
    meaning:
      'enrollment.join_file names it. Ask for a new join string on the manager (linux-patch-manager tokens create), or remove the key and wait for approval.',
    command: 'install -m 600 /dev/stdin {path}',
  }),
  JOIN_FILE_OPEN: config.error({
    title: 'Others can read or replace the file with the join string',
    meaning:
      'Whoever reads it can join a host of their own; whoever replaces it chooses the manager of this one. The agent does not use it until it belongs to root and its mode is 0600.',
    command: 'chown root:root {path} && chmod 600 {path}',
    repairs: true,
  }),
  POLICY_FAULTY: config.error({
    title: 'The policy of this host cannot be relied on, so every change is denied',
    meaning:
      'policy.yaml says what others may change on this host. Until its faults are mended nobody from outside changes anything; reading goes on. A file that is mended counts at once.',
    command: '{agent} policy check {path}',
  }),
  POLICY_OPEN: config.error({
    title: 'Others than root can change the policy of this host, so every change is denied',
    meaning:
      'policy.yaml is the word of the administrator of this host. Look at what it says before it counts again.',
    command: 'chown root:root {path} && chmod go-w {path}',
    repairs: true,
  }),
  CA_FILE_UNUSABLE: config.error({
    title: "The file with the manager's CA cannot be used",
    meaning:
      'enrollment.ca_file names it, and without it the manager is not believed. It must hold certificates and belong to root.',
    command: 'install -o root -m 644 /dev/stdin {path}',
  }),
} as const;

/** Disks, folders and what crashes leave. */
export const FILE_CHECKS = {
  DISK_FULL: files.error({
    title: 'The disk is full',
    meaning: 'Certificates, state, jobs and the audit log cannot be written. What is in use stays in use.',
    command: 'du -xh {path} | sort -h | tail',
  }),
  INODES_USED_UP: files.error({
    title: 'The file system has no room for another file',
    meaning: 'There are bytes left but no inodes: usually a folder with very many small files.',
    command: 'du -x --inodes {path} | sort -n | tail',
  }),
  FOLDER_READ_ONLY: files.error({
    title: 'A folder that the agent writes to is read-only',
    meaning:
      'A file system that the kernel found broken is mounted read-only; see dmesg before changing that.',
    command: 'mount -o remount,rw $(findmnt -no TARGET -T {path})',
  }),
  DATA_FOLDER_BROKEN: files.error({
    title: 'A folder of the agent cannot be written',
    meaning: 'Something else has its name, or it is protected (lsattr).',
    command: 'ls -ld {path}',
  }),
  DATA_FOLDER_MISSING: files.warning({
    title: 'A folder of the agent does not exist',
    meaning: 'The agent makes it when it may write beside it; a unit with ReadWritePaths needs it before.',
    command: 'install -d -m {mode} {path}',
    repairs: true,
  }),
  JOBS_FOLDER_BROKEN: files.error({
    title: 'The folder of the jobs is no folder',
    meaning: 'The agent does not start without it. What has its name is moved aside.',
    command: 'mv {path} {path}.bak',
    repairs: true,
  }),
  AUDIT_LOG_NOT_WRITABLE: files.error({
    title: 'The audit log cannot be written',
    meaning: 'Records are lost until it can. Something that is no file has its name.',
    command: 'mv {path} {path}.bak',
    repairs: true,
  }),
  FOLDER_WRITABLE_BY_OTHERS: files.error({
    title: 'Others can write to a folder of the agent',
    meaning: 'They can put a configuration, a key or a CA of their own in place.',
    command: 'chmod go-w {path}',
    repairs: true,
  }),
  FOLDER_FOREIGN_OWNER: files.error({
    title: 'A folder of the agent belongs to another user',
    meaning: 'Its owner can replace what is in it.',
    command: 'chown {owner} {path}',
    repairs: true,
  }),
  JOB_UNREADABLE: files.notice({
    title: 'A stored job cannot be read',
    meaning: 'Its result is lost. The agent sets it aside at its next start.',
    command: 'mv {path} {path}.corrupt',
    repairs: true,
  }),
  STALE_TEMPORARIES: files.notice({
    title: 'Temporary files were left behind',
    meaning: 'A crash or a power cut left them; they may hold a key or a token.',
    command: 'rm -f {path}',
    repairs: true,
  }),
} as const;

/** What the kernel has left for programs. */
export const KERNEL_CHECKS = {
  INOTIFY_USED_UP: host.warning({
    title: 'The kernel has no inotify instance or watch left for this user',
    meaning:
      'Containers, editors or log shippers use them all. The agent then looks at its files every ten seconds instead of being told, and works on; other programs may fail. To keep the new limit over a reboot, put the setting into /etc/sysctl.d/60-inotify.conf.',
    command: 'sysctl -w {setting}={value}',
  }),
} as const;

/** Who the host is. */
export const HOST_CHECKS = {
  MACHINE_ID_UNINITIALIZED: host.error({
    title: 'The machine-id is not made yet',
    meaning: 'This is an image that was never booted to its end; every copy of it would be the same host.',
    command: 'rm {path} && systemd-machine-id-setup',
  }),
  MACHINE_ID_MISSING: host.error({
    title: 'This host has no machine-id',
    meaning: 'The manager tells hosts apart by it; without it this one cannot ask to join.',
    command: 'systemd-machine-id-setup',
  }),
  HOST_NAME_UNUSABLE: host.error({
    title: 'This host has no usable name',
    meaning: 'It is called localhost or nothing. Its certificate carries its name.',
    command: 'hostnamectl set-hostname NAME',
  }),
  HOST_ADDRESS_MISSING: host.error({
    title: 'This host has no address that a manager could reach',
    meaning: 'The network is down, or the configured interface has no address.',
    command: 'ip -brief address',
  }),
} as const;

/** Time. */
export const CLOCK_CHECKS = {
  CLOCK_BEHIND: clock.error({
    title: "This host's clock is behind",
    meaning: 'Certificates that are valid look as if they were not yet. Nothing is deleted because of it.',
    command: 'timedatectl set-ntp true',
  }),
  CLOCK_AHEAD: clock.error({
    title: "This host's clock is ahead",
    meaning: 'Certificates that are valid look expired. Nothing is deleted because of it.',
    command: 'timedatectl set-ntp true',
  }),
  CLOCK_DOUBTFUL: clock.warning({
    title: "This host's clock contradicts what is known here",
    meaning:
      'It is wrong, or the host was off for long. While it is in doubt nothing is deleted because of its age.',
    command: 'timedatectl set-ntp true',
  }),
  CLOCK_BEFORE_RECORDS: clock.error({
    title: "This host's clock is before the newest record of its audit log",
    meaning: 'It was set back, or the host came up without a battery for its clock.',
    command: 'timedatectl set-ntp true',
  }),
} as const;
