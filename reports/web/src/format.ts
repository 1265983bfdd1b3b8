// Figures in the words of reports/figures.cpp.

const decimals_for = (value: number) => (value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

export function ms_text(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 0.01) return `${(ms * 1e3).toFixed(0)} us`;
  if (ms < 999.5) return `${ms.toFixed(decimals_for(ms))} ms`;
  const s = ms / 1e3;
  if (s < 119.5) return `${s.toFixed(decimals_for(s))} s`;
  const whole = Math.round(s);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export const count_text = (count: number) =>
  Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ",");

export function bytes_text(bytes: number): string {
  const units = [" B", " kB", " MB", " GB", " TB", " PB"];
  let unit = 0;
  while (Math.abs(bytes) >= 1023.5 && unit + 1 < units.length) {
    bytes /= 1024;
    ++unit;
  }
  return bytes.toFixed(unit === 0 || Math.abs(bytes) >= 99.95 ? 0 : 1) + units[unit];
}

// A moment of the run: 15.20 s, 12:05, 1:02:05.
export function moment_text(s: number, step = 0.01): string {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  if (Math.abs(s) < 120) return `${s.toFixed(digits)} s`;
  const two = (n: number) => n.toString().padStart(2, "0");
  const whole = Math.floor(s);
  const rest = digits > 0 ? (s - whole).toFixed(digits).slice(1) : "";
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}${rest}`;
}

// For an axis over powers of ten: 1 ms, 10 ms, 1 s.
export function decade_text(us: number): string {
  if (us < 1e3) return `${us} us`;
  if (us < 1e6) return `${us / 1e3} ms`;
  return `${count_text(us / 1e6)} s`;
}
