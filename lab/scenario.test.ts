import { describe, expect, it } from 'vitest';
import { scenario } from './scenario.ts';

const { hosts, guests, services, instances, virtualIps, llmEndpoints } = scenario;

describe('the scenario', () => {
  it('has the size that the documentation promises', () => {
    expect(hosts).toHaveLength(3);
    expect(guests).toHaveLength(30);
    expect(services).toHaveLength(15);
    expect(virtualIps).toHaveLength(6);
    expect(llmEndpoints).toHaveLength(4);
    for (const service of services) {
      const count = instances.filter((instance) => instance.service === service.name).length;
      expect(count, service.name).toBeGreaterThanOrEqual(2);
      expect(count, service.name).toBeLessThanOrEqual(4);
    }
  });

  it('gives no id and no address twice', () => {
    const unique = (values: unknown[]) => expect(new Set(values).size).toBe(values.length);
    unique(guests.map(({ vmid }) => vmid));
    unique(guests.map(({ name }) => name));
    unique(instances.map(({ id }) => id));
    unique(instances.map(({ ip, port }) => `${ip}:${port}`));
    const guestIps = guests.flatMap(({ ip, moreIps }) => (ip === '' ? moreIps : [ip, ...moreIps]));
    unique([...hosts.map(({ ip }) => ip), ...guestIps]);
    unique(virtualIps.map(({ ip, port }) => `${ip}:${port}`));
  });

  it('lines up: every instance, endpoint and virtual IP stands on something that runs', () => {
    const guestAt = new Map(guests.map((guest) => [guest.vmid, guest]));
    const hostNames = hosts.map(({ name }) => name);
    for (const guest of guests) expect(hostNames).toContain(guest.host);
    for (const instance of instances) {
      expect(guestAt.get(instance.vmid)).toMatchObject({ ip: instance.ip, running: true });
      expect(services.find(({ name }) => name === instance.service)?.port).toBe(instance.port);
    }
    for (const endpoint of llmEndpoints) {
      expect(instances.find(({ ip, port }) => ip === endpoint.ip && port === endpoint.port)?.vmid).toBe(
        endpoint.vmid,
      );
    }
    for (const vip of virtualIps) expect(instances.some(({ service }) => service === vip.service)).toBe(true);
    expect(llmEndpoints.reduce((sum, { quotaPercent }) => sum + quotaPercent, 0)).toBe(100);
    expect(guestAt.get(scenario.loadBalancerVmid)?.running).toBe(true);
  });
});
