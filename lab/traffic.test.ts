import { describe, expect, it } from 'vitest';
import { LabWorld } from './kit/world.ts';
import { scenario } from './scenario.ts';
import { moveTraffic } from './traffic.ts';

const half = () => 0.5;
const catalogVip = scenario.virtualIps.find(({ name }) => name === 'catalog')!;

describe('traffic', () => {
  it('moves counters by the rate of the virtual IP, shared by its members', () => {
    const world = new LabWorld(scenario, 0);
    moveTraffic(world, 10, half);
    const counters = world.instancesOf('catalog').map(({ id }) => world.memberCounter(catalogVip, id));
    expect(counters.map(({ packets }) => packets)).toEqual([33_600, 33_600]);
  });

  it('goes to the members that are left', () => {
    const world = new LabWorld(scenario, 0);
    world.setProcess('catalog-2', 'killed');
    moveTraffic(world, 10, half);
    expect(world.memberCounter(catalogVip, 'catalog-1').packets).toBe(67_200);
    expect(world.memberCounter(catalogVip, 'catalog-2').packets).toBe(0);
  });

  it('keeps every number in its bounds for hours', () => {
    const world = new LabWorld(scenario, 0);
    for (let second = 0; second < 7_200; second += 5) moveTraffic(world, 5, Math.random);
    for (const guest of world.guests.values()) {
      expect(guest.cpuFraction).toBeGreaterThanOrEqual(0);
      expect(guest.cpuFraction).toBeLessThanOrEqual(1);
      expect(guest.memoryUsedBytes).toBeLessThanOrEqual(guest.memoryBytes);
      expect(guest.status === 'stopped' ? guest.netInBytes : 1).toBe(guest.status === 'stopped' ? 0 : 1);
    }
    for (const host of world.hosts.values())
      expect(host.memoryUsedBytes).toBeLessThanOrEqual(host.memoryBytes);
  });
});
