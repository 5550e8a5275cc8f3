import { themed } from '@linux-patch/runtime/findings';

const port = themed('port');
const service = themed('service');

/** Who listens. */
export const PORT_CHECKS = {
  SECOND_AGENT: port.error({
    title: 'Two agents run with the same folders',
    meaning: 'One of them was started by hand or hangs. Only the service should run.',
    command: 'kill {pid}',
  }),
  PORT_TAKEN: port.error({
    title: "Another process listens on the agent's port",
    meaning:
      'The agent cannot bind it; it waits a minute and ends with 1. Stop that process, or choose another server.port.',
    command: 'kill {pid}',
  }),
  BIND_ADDRESS_MISSING: port.error({
    title: 'This host does not have the address that the agent is to listen on',
    meaning:
      'It comes late (DHCP, a VPN) or not at all. The agent waits for it, and takes up another server.bind without a restart.',
    command: 'ip -brief address',
  }),
  BIND_MISSES_ADDRESS: port.error({
    title: 'The agent does not listen at the address that its manager was told',
    meaning:
      'The manager cannot reach it. Without server.bind the agent listens at every address, IPv6 and IPv4; enrollment.report_ip tells another address.',
    command: "sed -i '/^ *bind:/d' {config}",
  }),
} as const;

/** The service manager. */
export const SERVICE_CHECKS = {
  SERVICE_START_LIMIT: service.error({
    title: 'The service failed so often that systemd has given up',
    meaning:
      'Five failures in five minutes. Mend what is named here first; until then systemd refuses every start.',
    command: 'systemctl reset-failed linux-patch-api && systemctl start linux-patch-api',
  }),
  SERVICE_FAILED: service.error({
    title: 'The service has failed',
    meaning: 'Its last words are in the journal: journalctl -u linux-patch-api -e',
    command: 'systemctl reset-failed linux-patch-api && systemctl start linux-patch-api',
  }),
  SERVICE_MASKED: service.error({
    title: 'The service is masked',
    meaning: 'Somebody forbade its start.',
    command: 'systemctl unmask linux-patch-api && systemctl enable --now linux-patch-api',
  }),
  SERVICE_NOT_RUNNING: service.error({
    title: 'The service does not run',
    meaning:
      'It was stopped, or it ended cleanly because only a person can go on; then that is named here too.',
    command: 'systemctl start linux-patch-api',
  }),
  SERVICE_NOT_ENABLED: service.warning({
    title: 'The service does not start at boot',
    meaning: 'It runs until the next reboot only.',
    command: 'systemctl enable linux-patch-api',
  }),
} as const;
