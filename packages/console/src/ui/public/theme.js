// Before the first paint, so that a chosen theme does not flash. Blocked storage leaves the system's theme.
try {
  const theme = localStorage.getItem('clickspan.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {}
