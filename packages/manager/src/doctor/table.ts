import { type CheckTraits, themed } from '@linux-patch/runtime/findings';

const config = themed('config');
const files = themed('files');
const clock = themed('clock');
const authority = themed('authority');
const certificates = themed('certificates');
const service = themed('service');
const port = themed('port');
const database = themed('database');
const access = themed('access');
const fleet = themed('fleet');

/** Every state that the manager's doctor knows, causes first. */
export const MANAGER_CHECKS = {
  NOT_ROOT: config.error({
    title: 'The doctor was started neither as root nor as the user of the manager',
    meaning: 'Keys and the socket of the manager are open to these two alone, so nothing was looked at.',
    command: 'sudo {manager} doctor',
  }),
  CHECK_FAILED: config.warning({
    title: 'Something could not be looked at',
    meaning: 'A disk or the system gave an error where none belongs; what else was found stands.',
    command: 'dmesg --level=err,crit | tail',
  }),
  CONFIG_REFUSED: config.error({
    title: 'The configuration cannot be used',
    meaning:
      'The file is strict, so that a misspelt key is never ignored. The manager does not start with it; one that runs keeps what it has until it is restarted.',
    command: 'editor {config}',
  }),
  CONFIG_OPEN: config.error({
    title: 'Others than root can change the configuration',
    meaning: 'Whoever changes it chooses the database and who may join the fleet.',
    command: 'chown root {path} && chmod go-w {path}',
  }),
  PASSWORD_FILE_OPEN: config.error({
    title: 'Others can read the password of the database',
    meaning:
      'Whoever reads it reads the fleet and can write to it past the manager. Give the user of the database another password, too.',
    command: 'chmod 600 {path}',
  }),
  CLIENT_SECRET_OPEN: config.error({
    title: 'Others can read the secret by which the identity provider knows this manager',
    meaning:
      'Whoever reads it can pose as the manager there, and the manager does not use it while that is so. Have the provider make another one, too.',
    command: 'chmod 600 {path}',
  }),
  DISK_FULL: files.error({
    title: 'The disk is full',
    meaning:
      'Hosts cannot join or renew, and no change is accepted, because nothing can be written durably. Hosts go on with what they have.',
    command: 'du -xh {path} | sort -h | tail',
  }),
  DISK_FILLS: files.warning({
    title: 'The disk has little room left',
    meaning: 'A fleet that is listed anew can write this much within hours.',
    command: 'du -xh {path} | sort -h | tail',
  }),
  INODES_USED_UP: files.error({
    title: 'The file system has no room for another file',
    meaning: 'There are bytes left but no inodes: usually a folder with very many small files.',
    command: 'du -x --inodes {path} | sort -n | tail',
  }),
  FOLDER_READ_ONLY: files.error({
    title: 'The data folder is read-only',
    meaning:
      'A file system that the kernel found broken is mounted read-only; see dmesg before changing that.',
    command: 'mount -o remount,rw $(findmnt -no TARGET -T {path})',
  }),
  DATA_FOLDER_BROKEN: files.error({
    title: 'The data folder cannot be written',
    meaning: 'Something else has its name, or it is protected (lsattr).',
    command: 'ls -ld {path}',
  }),
  KEYS_OPEN: files.error({
    title: 'Others can reach keys or data of the manager',
    meaning:
      'Whoever reads a key of the CA or the job key can be the manager to every host. If that may have happened, make new ones: ca rotate, job-key rotate.',
    command: 'chmod -R go-rwx {path}',
  }),
  DATA_OPEN: files.error({
    title: 'Others can write in the data folder',
    meaning: 'They can put a database or keys of their own in place.',
    command: 'chmod go-w {path}',
  }),
  FOREIGN_OWNER: files.error({
    title: 'Something in the data folder belongs to another user than the folder',
    meaning:
      'The service runs as the user of the folder and cannot read or write it; usually root copied or restored it there.',
    command: 'chown -R --reference={folder} {folder}',
  }),
  CLOCK_BEHIND: clock.error({
    title: 'The clock is before the day on which the CA was made',
    meaning:
      'Certificates made now are not valid yet for anybody whose clock is right, and sessions and codes fail.',
    command: 'timedatectl set-ntp true && timedatectl',
  }),
  NOT_INITIALIZED: authority.error({
    title: 'There is no certificate authority yet',
    meaning:
      'Without it nobody can join. On a machine that was a manager before restore its backup instead: hosts believe no other authority.',
    command: '{manager} init',
  }),
  AUTHORITY_BROKEN: authority.error({
    title: 'The keys of the manager cannot be used',
    meaning: 'Hosts go on serving meanwhile, and patch nothing. A new authority would be believed by none.',
    command: '{manager} restore FILE',
  }),
  AUTHORITY_ENDED: authority.error({
    title: 'The root certificate has ended',
    meaning:
      'No host believes the manager any more, and none can renew. Every host has to join again with a new one.',
    command: '{manager} ca rotate start',
  }),
  ROTATION_DUE: authority.warning({
    title: 'The root certificate has to be replaced',
    meaning:
      'From now on certificates of hosts are cut short by its end. A rotation takes weeks, in which every host learns the next one; begin while all of them can.',
    command: '{manager} ca rotate start',
  }),
  JOB_KEY_MISSING: authority.error({
    title: 'The job key is missing',
    meaning:
      'Hosts that pin it refuse every change after the next start. While the manager runs it still has the key, and a rotation writes the next one. Otherwise put ca/job-key.json back from the backup; another key counts on a host only when its root says so.',
    command: '{manager} job-key rotate',
  }),
  OWN_CERTIFICATE_ENDED: certificates.warning({
    title: "A certificate of the manager's own has ended",
    meaning: 'A manager that runs renews them by itself long before; this one was off, or cannot write.',
    command: '{restart}',
  }),
  PORT_TAKEN: port.error({
    title: "Another program listens on the manager's port",
    meaning: 'The manager cannot start before it is stopped, or server.port says another one.',
    command: 'ps -fp {pid}',
  }),
  BIND_ADDRESS_MISSING: port.error({
    title: 'This machine does not have the address that the manager is to listen on',
    meaning:
      'It comes late (DHCP, a VPN) or not at all. The service tries again by itself; without server.bind it listens at every address.',
    command: 'ip -brief address',
  }),
  SERVICE_START_LIMIT: service.error({
    title: 'systemd has given up starting the service',
    meaning:
      'It failed too often within a short time, and until this is said systemd refuses every start. Mend what is named here first, or read why: journalctl -u linux-patch-manager -n 50.',
    command: 'systemctl reset-failed linux-patch-manager && systemctl start linux-patch-manager',
  }),
  SERVICE_FAILED: service.error({
    title: 'The service has failed',
    meaning: 'Its last lines say why. Hosts go on with what they have, and ask again by themselves.',
    command: 'journalctl -u linux-patch-manager -n 50',
  }),
  SERVICE_MASKED: service.error({
    title: 'The service is masked',
    meaning: 'Somebody made it impossible to start; see why before undoing that.',
    command: 'systemctl unmask linux-patch-manager',
  }),
  SERVICE_NOT_RUNNING: service.error({
    title: 'The service is not running',
    meaning: 'Nobody can join, renew or be patched. Hosts go on with what they have.',
    command: '{start}',
  }),
  SERVICE_NOT_ENABLED: service.warning({
    title: 'The service does not start with the machine',
    meaning: 'After the next reboot there is no manager.',
    command: 'systemctl enable linux-patch-manager',
  }),
  NOT_ANSWERING: service.error({
    title: 'No manager answers on this machine',
    meaning: 'It is not running, or starts just now, or hangs. Nobody can join, renew or be patched.',
    command: '{restart}',
  }),
  SOCKET_UNTRUSTED: access.error({
    title: 'Somebody else may answer in the place of the manager',
    meaning: 'Commands are sent to nobody as long as that is so.',
    command: 'ls -l {path}',
  }),
  DATABASE_AWAY: database.error({
    title: 'The manager cannot use its database',
    meaning: 'It answers nobody, and goes on by itself when the database is back.',
    command: 'journalctl -u linux-patch-manager -n 50',
  }),
  DATABASE_FULL: database.error({
    title: 'The database takes no changes',
    meaning:
      'Hosts cannot join or renew, and nothing is changed, because it could not be kept. Make room on the disk of the database; the manager goes on by itself.',
    command: 'journalctl -u linux-patch-manager -n 50',
  }),
  RESTART_NEEDED: service.warning({
    title: 'Another version runs than the one that is installed',
    meaning: 'The package was upgraded and the service was not restarted.',
    command: '{restart}',
  }),
  NO_BACKUP: files.warning({
    title: 'There is no backup of this manager',
    meaning:
      'With this disk the authority is gone, and every host has to join again. One that was made in another way, for example of the whole disk, is not known here.',
    command: '{manager} backup FILE',
  }),
  BACKUP_OLD: files.notice({
    title: 'The last backup is old',
    meaning: 'Hosts that joined since have to join again when it is restored.',
    command: '{manager} backup FILE',
  }),
  NO_ADMINISTRATOR: access.notice({
    title: 'No person may administer the manager',
    meaning: 'Only root on this machine can let hosts in and patch them; the page lets nobody in.',
    command: '{manager} people create NAME --role admin',
  }),
  IDENTITY_PROVIDER_UNUSABLE: access.warning({
    title: 'Nobody can sign in with the identity provider',
    meaning:
      'It is away, or is another one than oidc in the configuration says, or the manager has no secret for it. Who has a password signs in with that; "people reset NAME" gives one to who has none.',
    command: 'editor {config}',
  }),
  PEOPLE_OF_ANOTHER_PROVIDER: access.warning({
    title: 'Some people cannot sign in: they are of an identity provider that is not configured',
    meaning:
      'Each is known by the issuer that was configured when they were made. "people set NAME --oidc-subject SUBJECT" says as whom the one of today knows them, and "people reset NAME" gives a password.',
    command: '{manager} people list',
  }),
  NO_LOCAL_ADMINISTRATOR: access.notice({
    title: 'No administrator could sign in without the identity provider',
    meaning:
      'When it is away, only root on this machine gets anybody in. One person with a password that lies in a safe is enough.',
    command: '{manager} people create NAME --role admin',
  }),
  OLDER_AGENTS_ALLOWED: access.warning({
    title: 'Agents of the older generation may join',
    meaning:
      'The manager makes their private keys and sends them over the network, and they prove nothing of who they are.',
    command: 'editor {config}',
  }),
  HOSTS_WAITING: fleet.notice({
    title: 'Hosts wait for a person',
    meaning: 'They ask to join, and are forgotten when nobody decides.',
    command: '{manager} enrollments list',
  }),
  HOSTS_UNKNOWN: fleet.notice({
    title: 'Of some hosts it is unknown what they lack',
    meaning: 'They could not be reached or could not be listed; what is shown of them is old.',
    command: '{manager} hosts list',
  }),
  HOSTS_REFUSE: fleet.warning({
    title: 'Some hosts take no changes of this manager',
    meaning: 'They pin another job key than its own, or one that they cannot read.',
    command: '{manager} job-key show',
  }),
} as const satisfies Record<string, CheckTraits>;

export type ManagerCheckCode = keyof typeof MANAGER_CHECKS;
