import { failure } from './pve-error.ts';
import { macOf } from './guest-config.ts';
import { anyOnGuest, get, guestOf, guestPath, route, type Call, type Route } from './route.ts';

const AUDIT = anyOnGuest('VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted');
const path = (command: string) => guestPath('qemu', `/agent/${command}`);

/** The agent inside virtual machines. Every answer sits in `result`. */
export const agentRoutes: readonly Route[] = [
  route('POST', path('ping'), AUDIT, (call) => {
    agentOf(call);
    return { result: {} };
  }),
  get(path('info'), AUDIT, (call) => {
    agentOf(call);
    return {
      result: {
        version: '10.1.2',
        supported_commands: [{ name: 'guest-ping', enabled: true, 'success-response': true }],
      },
    };
  }),
  get(path('get-host-name'), AUDIT, (call) => ({ result: { 'host-name': agentOf(call).name } })),
  get(path('get-osinfo'), AUDIT, (call) => {
    agentOf(call);
    return {
      result: {
        id: 'debian',
        name: 'Debian GNU/Linux',
        'pretty-name': 'Debian GNU/Linux 13 (trixie)',
        version: '13 (trixie)',
        'version-id': '13',
        'kernel-release': '6.12.48+deb13-amd64',
        machine: 'x86_64',
      },
    };
  }),
  get(path('get-fsinfo'), AUDIT, (call) => {
    const guest = agentOf(call);
    return {
      result: [
        {
          name: 'sda1',
          mountpoint: '/',
          type: 'ext4',
          'total-bytes': guest.diskBytes,
          'used-bytes': Math.round(guest.diskBytes * 0.4),
          disk: [],
        },
      ],
    };
  }),
  get(path('network-get-interfaces'), AUDIT, (call) => {
    const guest = agentOf(call);
    const loopback = {
      name: 'lo',
      'hardware-address': '00:00:00:00:00:00',
      'ip-addresses': [
        { 'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8 },
        { 'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128 },
      ],
    };
    const nets = [guest.ip, ...guest.moreIps].map((ip, index) => ({
      name: `ens${18 + index}`,
      'hardware-address': macOf(guest.vmid, index).toLowerCase(),
      'ip-addresses': [{ 'ip-address': ip, 'ip-address-type': 'ipv4', prefix: 24 }],
      statistics: { 'rx-bytes': Math.round(guest.netInBytes), 'tx-bytes': Math.round(guest.netOutBytes) },
    }));
    return { result: [...nets, loopback] };
  }),
];

/** The machine whose agent answers; otherwise the API's text for what is missing. */
function agentOf(call: Call) {
  const guest = guestOf(call, 'qemu');
  if (guest.status !== 'running') throw failure(`VM ${guest.vmid} is not running`);
  if (call.cluster.record(guest.vmid).config['agent'] === undefined)
    throw failure('No QEMU guest agent configured');
  // Halted processors answer nothing either.
  if (!guest.agent || guest.paused === true) throw failure('QEMU guest agent is not running');
  return guest;
}
