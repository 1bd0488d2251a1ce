/**
 * Copies text. The way in a plain-HTTP page or a window that was never clicked is refused by the browser; then it
 * answers false and the text can still be selected by hand.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
