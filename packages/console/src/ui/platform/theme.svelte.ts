/** `system` follows the operating system. */
export type ThemeChoice = 'system' | 'dark' | 'light';

/** The colours that the reader chose. */
export interface Theme {
  readonly choice: ThemeChoice;
  /** What is shown. */
  readonly shown: 'dark' | 'light';
  /** system, then dark, then light, then system again. */
  readonly next: () => void;
}

/** Also read by `public/theme.js`, before the first paint. */
const STORAGE_KEY = 'clickspan.theme';
const ORDER: readonly ThemeChoice[] = ['system', 'dark', 'light'];

/** Creates the theme from what this browser remembers. */
export function createTheme(): Theme {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let systemIsDark = $state(system.matches);
  let choice = $state<ThemeChoice>(readChoice());
  system.addEventListener('change', () => (systemIsDark = system.matches));
  return {
    get choice() {
      return choice;
    },
    get shown() {
      return choice === 'system' ? (systemIsDark ? 'dark' : 'light') : choice;
    },
    next: () => {
      choice = ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length] ?? 'system';
      if (choice === 'system') delete document.documentElement.dataset['theme'];
      else document.documentElement.dataset['theme'] = choice;
      writeChoice(choice);
    },
  };
}

/** Storage may be blocked; the theme then lasts as long as the page. */
function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return stored === 'dark' || stored === 'light' ? stored : 'system';
  } catch {
    return 'system';
  }
}

function writeChoice(choice: ThemeChoice): void {
  try {
    if (choice === 'system') localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, choice);
  } catch {
    // As above.
  }
}
