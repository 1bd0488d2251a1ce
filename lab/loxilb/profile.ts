/** Versions of LoxiLB that the stand-in can be, oldest first. `head`: a source build after 0.9.8.8. */
const profiles = ['0.9.7', '0.9.8.4', '0.9.8.8', 'head'] as const;
export type Profile = (typeof profiles)[number];

export function isAtLeast(profile: Profile, wanted: Profile): boolean {
  return profiles.indexOf(profile) >= profiles.indexOf(wanted);
}

/** 0.9.8.5 brought real status codes; before it every failure of the core came with status 200. */
export function hasStatusCodes(profile: Profile): boolean {
  return isAtLeast(profile, '0.9.8.8');
}

export function versionAnswer(profile: Profile) {
  if (profile === 'head') return { version: '0.9.8-dev', buildInfo: '2026_08_19_09h:12m-main' };
  if (profile === '0.9.8.8') return { version: '0.9.8.8', buildInfo: '2026_08_07_14h:00m-main' };
  return { version: profile, buildInfo: '2025_06_12_10h:41m-main' };
}
