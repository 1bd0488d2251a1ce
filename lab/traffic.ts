import type { LabGuest, LabWorld } from './kit/world.ts';
import type { VirtualIpSpec } from './scenario.ts';

const BYTES_PER_REQUEST = 18_000;
const PACKETS_PER_REQUEST = 24;

/**
 * Moves everything that would move by itself in `seconds`: virtual IP counters, guests' processors, memory and
 * network. Requests of a member that is down go to the others, as the balancer would send them.
 */
export function moveTraffic(world: LabWorld, seconds: number, random: () => number): void {
  const load = new Map<number, number>();
  for (const vip of world.scenario.virtualIps) moveVirtualIp(world, vip, seconds, random, load);
  for (const guest of world.guests.values())
    moveGuest(world, guest, seconds, random, load.get(guest.vmid) ?? 0);
  for (const host of world.hosts.values()) {
    const guests = [...world.guests.values()].filter((guest) => guest.host === host.name);
    const busyCpus = guests.reduce((sum, guest) => sum + guest.cpuFraction * guest.cpus, 0);
    host.cpuFraction = host.online ? Math.min(0.98, 0.08 + busyCpus / host.cpus) : 0;
    host.memoryUsedBytes = host.online
      ? Math.min(
          host.memoryBytes,
          host.memoryBytes * 0.2 + guests.reduce((sum, guest) => sum + guest.memoryUsedBytes, 0),
        )
      : 0;
  }
}

function moveVirtualIp(
  world: LabWorld,
  vip: VirtualIpSpec,
  seconds: number,
  random: () => number,
  load: Map<number, number>,
) {
  const up = world.instancesOf(vip.service).filter((instance) => world.isInstanceUp(instance.id));
  for (const instance of up) {
    const perSecond = (vip.requestsPerSecond / up.length) * (0.85 + 0.3 * random());
    const requests = perSecond * seconds;
    const counter = world.memberCounter(vip, instance.id);
    counter.packets += Math.round(requests * PACKETS_PER_REQUEST);
    counter.bytes += Math.round(requests * BYTES_PER_REQUEST);
    load.set(instance.vmid, (load.get(instance.vmid) ?? 0) + perSecond);
  }
}

function moveGuest(
  world: LabWorld,
  guest: LabGuest,
  seconds: number,
  random: () => number,
  requestsPerSecond: number,
) {
  if (!world.isGuestUp(guest.vmid)) return;
  const target = Math.min(0.95, 0.1 + requestsPerSecond / (180 * guest.cpus) + 0.1 * random());
  // First-order lag: a processor graph has inertia.
  guest.cpuFraction += (target - guest.cpuFraction) * Math.min(1, seconds / 5);
  guest.memoryUsedBytes = guest.memoryBytes * (0.5 + 0.1 * Math.min(1, guest.cpuFraction) + 0.01 * random());
  guest.netInBytes += Math.round((requestsPerSecond * 0.3 + 5) * BYTES_PER_REQUEST * seconds);
  guest.netOutBytes += Math.round((requestsPerSecond + 5) * BYTES_PER_REQUEST * seconds);
  guest.diskReadBytes += Math.round(20_000 * seconds * (1 + random()));
  guest.diskWriteBytes += Math.round(50_000 * seconds * (1 + random()));
}
