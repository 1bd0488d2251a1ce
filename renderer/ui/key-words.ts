const words: Readonly<Record<string, { readonly mac: string; readonly other: string }>> = {
  mod: { mac: '⌘', other: 'Ctrl' },
  alt: { mac: '⌥', other: 'Alt' },
  shift: { mac: '⇧', other: 'Shift' },
  enter: { mac: '⏎', other: 'Enter' },
  escape: { mac: 'esc', other: 'Esc' },
};

/** The caps of a shortcut, in order: `mod+k` has two, `g o` too. Plain letters stay as they are. */
export function keyWords(keys: string, mac: boolean): string[] {
  return keys.split(/[ +]/).map((key) => {
    const word = words[key];
    if (word) return mac ? word.mac : word.other;
    return keys.includes('+') ? key.toUpperCase() : key;
  });
}
