"""The HTML report of an hour, a hundred operations and ten thousand lock episodes: what writing it
costs, and how fast a browser draws it and follows the cursor and the zoom.
"""
import json
import pathlib
import shutil
import subprocess

from playwright.sync_api import sync_playwright

from figures import Figure

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# From a frame's beginning until it is painted, for each press of a key.
FRAMES = """async ([keys, selector]) => {
    const chart = document.querySelector(selector);
    chart.scrollIntoView();
    const frames = [];
    for (const key of keys) {
        await new Promise(done => setTimeout(done, 50));
        const painted = new Promise(done => requestAnimationFrame(() => {
            const begin = performance.now();
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => done(performance.now() - begin);
            port2.postMessage(0);
        }));
        // Asks for the same frame, behind us: what it draws lies between the two clocks.
        chart.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        frames.push(await painted);
    }
    return frames;
}"""


def frames_of(page, keys):
    return max(max(page.evaluate(FRAMES, [keys, f"{section} .chart"]))
               for section in ("#timeline", "#locks"))


def in_browser(path, rounds):
    """Seconds until all charts are drawn, and the longest frames of each round in ms."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    drawn, cursor, zoom = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_function("performance.getEntriesByName('charts-drawn').length === 1")
            drawn.append(page.evaluate(
                "performance.getEntriesByName('charts-drawn')[0].startTime") / 1e3)
            page.wait_for_timeout(1000)  # what is measured next is following, not drawing
            cursor.append(frames_of(page, ["ArrowRight"] * 20))
            zoom.append(frames_of(page, ["+"] * 6 + ["-"] * 6 + ["Escape"]))
            page.close()
        browser.close()
    return drawn, cursor, zoom


def report_page(program, out, rounds):
    path = pathlib.Path(out).resolve() / "report.html"
    written = [json.loads(subprocess.run([program, path], check=True, capture_output=True,
                                         text=True).stdout) for _ in range(rounds)]
    drawn, cursor, zoom = in_browser(path, rounds)

    def each(key, unit=1):
        return [one[key] / unit for one in written]
    return [
        Figure("report: writing it", "s", each("seconds"), [], 2, 1),
        Figure("report: memory", "MB", each("peak_bytes", 1e6), [], 300, 150),
        Figure("report: size", "MB", each("file_bytes", 1e6), [], 5, 3),
        Figure("report: all charts drawn", "s", drawn, [], 1.5, 1),
        Figure("report: longest cursor frame", "ms", cursor, [], 50, 16),
        Figure("report: longest zoom frame", "ms", zoom, [], 50, 16),
    ]
