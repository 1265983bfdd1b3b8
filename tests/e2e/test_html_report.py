"""report.html in a real browser: what it says, what can be done with it, and that it asks for
nothing."""
import contextlib
import json
import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

import shop

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECTIONS = ["verdict", "timeline", "operations", "locks", "steps", "data", "server", "honesty"]
# What an HTML page might take for its own, and what turns the reading order round.
HOSTILE = "</script><img src=x onerror=document.title='taken'> \u202eegap\u202c & \"'`"
SHOWN = HOSTILE.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")


@pytest.fixture(scope="module")
def finished(module_throwaway):
    """A queue behind a report, a deploy half-way, a proof of the data and a way back."""
    read, place = (dict(operation) for operation in (shop.READ, shop.PLACE))
    retired = {**shop.READ, "name": "read_old", "weight": 20, "app": "old"}
    added = {**shop.READ, "name": "read_new", "weight": 20, "app": "new"}
    _, result = module_throwaway.run(shop.scenario(
        description=HOSTILE,
        workload={"operations": [read, place, retired, added]},
        migration={
            "up": [
                {"name": HOSTILE, "sql": "ALTER TABLE orders ADD COLUMN region text"},
                {"name": "deploy", "deploy": {"to": "new", "over": "1s"}},
                {"name": "hold", "sql": "LOCK TABLE orders; SELECT pg_sleep(0.6)"}],
            "down": [{"sql": "ALTER TABLE orders DROP COLUMN region"}]},
        adversaries=[{"name": "report", "long_report": {
            "sql": "SELECT count(*), pg_sleep(1.2) FROM orders", "from": "0s"}}],
        verify={"tables": ["orders"], "expect": {"orders.region": "added"}, "rollback": True},
        phases=shop.SHORT | {"before": "2s"}))
    return module_throwaway.folder / "out" / "report.html", result


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, f"none of {', '.join(BROWSERS)} is installed"
    with sync_playwright() as playwright:
        # As root there is no sandbox to be had.
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@contextlib.contextmanager
def opened(browser, path, **context):
    """The page with its charts drawn; at the end nothing was asked for or complained of."""
    settings = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"} | context
    made = browser.new_context(**settings)
    page = made.new_page()
    asked, said = [], []

    def answer(route):
        if route.request.url.partition("#")[0] == path.as_uri():
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()
    page.route("**/*", answer)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    if settings.get("java_script_enabled", True):
        page.wait_for_function("performance.getEntriesByName('charts-drawn').length === 1")
    yield page
    assert page.evaluate("document.title") != "taken"
    assert (asked, said) == ([], [])
    made.close()


@pytest.fixture
def page(browser, finished):
    with opened(browser, finished[0]) as made:
        yield made


def frame(page):
    """Until what was done is drawn."""
    page.evaluate("() => new Promise(done =>"
                  " requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def readout(page):
    frame(page)
    return page.locator("#timeline .readout").inner_text()


def shown_range(page):
    frame(page)
    return page.locator("#timeline .range").inner_text()


def moment(page):
    return float(readout(page).partition(" s")[0])


def picture(page, canvas):
    """What is out of sight is drawn when it comes into it."""
    page.locator(canvas).scroll_into_view_if_needed()
    frame(page)
    return page.locator(canvas).evaluate("each => each.toDataURL()")


def cells(row):
    return row.locator("th, td").all_inner_texts()


def figures(row):
    """What the cells of a row are sorted by: the exact figures."""
    return [None if value is None else float(value) for value in row.locator("th, td").evaluate_all(
        "all => all.map(cell => cell.dataset.v ?? null)")]


def rows(page, box):
    return page.locator(f'[aria-label="{box}"] tbody tr').all()


def test_every_section_is_there_in_order(page):
    found = page.locator("main section").evaluate_all("all => all.map(each => each.id)")

    # The way back has no counters of a server of its own where nobody measured any.
    assert [name for name in found if name != "rollback-server"] == SECTIONS + [
        f"rollback-{name}" for name in SECTIONS[1:] if name != "server"]
    links = page.locator("nav a").evaluate_all("all => all.map(each => each.hash.slice(1))")
    assert links == SECTIONS + ["rollback"]
    for name in found:
        heading = page.locator(f"#{name} >> css=h1, h2, h3").first
        assert heading.is_visible(), name


def test_the_verdict_and_its_gates_are_those_of_the_result(page, finished):
    result = finished[1]

    assert page.locator(".verdict .word").first.inner_text() == result["verdict"].upper()
    assert page.locator(".verdict .lead").first.inner_text() == re.sub(
        r"\s+", " ", result["reasons"][0].replace(HOSTILE, SHOWN))
    assert f"exit code {result['exit_code']}" in page.locator(".facts").inner_text()
    told = page.locator("#verdict").locator('[aria-label="Gates"] tbody tr').all()
    assert len(told) == len(result["gates"])
    gates = {gate["name"]: gate for gate in result["gates"]}
    for row in told:
        texts = cells(row)
        gate = gates.pop(texts[0])
        assert [texts[1], texts[2], texts[3]] == [gate["verdict"], gate["limit"], gate["observed"]]
        assert figures(row)[2:4] == [gate["limit_value"], gate["observed_value"]]


def test_the_figures_of_operations_are_those_of_the_result(page, finished):
    result = finished[1]
    told = page.locator('#operations > .scroll tbody tr').all()
    assert len(told) == len(result["operations"]) == 4
    for row in told:
        name = cells(row)[0]
        operation = next(each for each in result["operations"] if each["name"] == name)
        phases = operation["phases"]
        exact = figures(row)
        for first, statistic in ((3, "p50"), (7, "p99")):
            assert exact[first:first + 3] == [
                (phases[phase]["response_ms"] or {}).get(statistic)
                for phase in ("before", "during", "after")], name
        page.locator(f"details.operation:has(.name:text-is('{name}'))").first.evaluate(
            "each => { each.open = true; }")
        for line in rows(page.locator("#operations"), f"Phases of {name}"):
            texts, exact = cells(line), figures(line)
            if texts[1] == "never due":
                assert phases[texts[0]]["count"] == 0
                continue
            calls = operation["by_app"][texts[1]][texts[0]] if "by_app" in operation else (
                phases[texts[0]])
            response = calls["response_ms"]
            assert exact[2] == calls["count"]
            assert exact[4:9] == [response[q] for q in ("p50", "p90", "p99", "p99_9", "max")], texts
    harms = [figures(row)[1] for row in told]
    known = [harm for harm in harms if harm is not None]
    assert known == sorted(known, reverse=True), "most harmed first"


def test_the_figures_of_steps_and_locks_are_those_of_the_result(page, finished):
    result = finished[1]
    told = page.locator("#steps > .scroll").first.locator("tbody tr").all()
    assert len(told) == len(result["steps"])
    for row, step in zip(told, result["steps"]):
        assert cells(row)[0] == re.sub(r"\s+", " ", step["name"].replace(HOSTILE, SHOWN))
        exact = figures(row)
        assert exact[3] == pytest.approx(step["end_s"] - step["start_s"], abs=2e-6)
        held = [lock["held_s"] for lock in step["locks"]]
        assert exact[7] == max(held, default=None)
    worst = sorted(result["locks"]["episodes"], key=lambda each: -each["victim_seconds"])
    assert worst, "the report made a queue"
    told = rows(page.locator("#locks"), "Lock episodes")
    assert len(told) == len(worst)
    for row, episode in zip(told, worst):
        exact = figures(row)
        assert exact[2] == episode["start_s"]
        assert exact[4:7] == [episode["max_blocked"], episode["longest_wait_ms"],
                              episode["victim_seconds"]]
    honesty = page.locator("#honesty").inner_text()
    assert str(result["run"]["seed"]) in honesty and result["run"]["version"] in honesty


def test_the_cursor_reads_the_second_under_it_in_all_charts(page, finished):
    seconds = finished[1]["seconds"]
    plot = page.locator("#timeline .u-over").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    seen = set()
    for share in (0.3, 0.6, 0.9):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        text = readout(page)
        second = seconds[int(moment(page))]
        assert f"{second['done']:,} done of {second['due']:,} due" in text, text
        assert f"{second['blocked']} blocked" in text
        seen.add(text)
        lines = page.evaluate("""() => [...document.querySelectorAll(
            '#timeline .u-cursor-x, #timeline .cursor-line, #locks .cursor-line')]
            .map(line => Math.round(line.getBoundingClientRect().right))""")
        # Four charts, the lanes and the gantt: one line through all.
        assert len(lines) == 6 and max(lines) - min(lines) <= 2, lines
    assert len(seen) == 3


def test_dragging_zooms_all_charts_and_a_double_click_shows_the_whole_run(page):
    whole = shown_range(page)
    for drag, undo in (("#timeline .u-over", "#locks canvas"),
                       ("#locks canvas", "#timeline .u-over")):
        before = picture(page, "#locks canvas")
        area = page.locator(drag).first
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.3, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
        page.mouse.up()
        assert shown_range(page) != whole, drag
        assert picture(page, "#locks canvas") != before
        page.locator(undo).first.dblclick()
        assert shown_range(page) == whole


def test_the_keyboard_reaches_and_moves_everything(page):
    chart = page.locator("#timeline .chart")
    chart.focus()
    outline = chart.evaluate("each => getComputedStyle(each).outlineStyle")
    assert outline != "none", "focus is to be seen"
    whole, at = shown_range(page), moment(page)
    page.keyboard.press("ArrowRight")
    one = moment(page) - at
    assert one > 0
    page.keyboard.press("Shift+ArrowLeft")
    assert moment(page) < at
    page.keyboard.press("+")
    near = shown_range(page)
    assert near != whole
    page.keyboard.press("+")
    assert shown_range(page) != near
    page.keyboard.press("-")
    assert shown_range(page) == near
    page.keyboard.press("Escape")
    assert shown_range(page) == whole
    # What stands in the picture's edge comes along.
    page.keyboard.press("+")
    page.keyboard.press("End")
    at_edge = shown_range(page)
    page.keyboard.press("Shift+ArrowRight")
    assert shown_range(page) != at_edge


def test_tab_goes_through_links_buttons_charts_and_tables(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("""() => {
            const { activeElement: focused } = document;
            return `${focused.tagName} ${focused.getAttribute('aria-label') ?? focused.innerText}`;
        }"""))
    for wanted in ("A Timeline", "DIV Gates", "BUTTON gate", "BUTTON Zoom in", "DIV Operations"):
        assert wanted in seen, (wanted, seen)


def test_headings_sort_their_table(page):
    table = page.locator("#operations > .scroll table")
    heading = table.locator("th[scope=col]", has_text="calls")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    calls = [figures(row)[2] for row in table.locator("tbody tr").all()]
    assert calls == sorted(calls, reverse=True) and len(set(calls)) > 1
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert [figures(row)[2] for row in table.locator("tbody tr").all()] == calls[::-1]
    name = table.locator("th[scope=col]", has_text="operation")
    name.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") is None
    names = [cells(row)[0] for row in table.locator("tbody tr").all()]
    assert names == sorted(names)


def test_an_operations_charts_are_drawn_when_it_is_opened(page):
    assert page.locator("#operations canvas").count() == 0
    page.locator("#operations > .scroll a", has_text="place_order").click()
    details = page.locator("details.operation[open]")
    assert details.locator(".name").inner_text() == "place_order"
    # The old version's map and the new one's.
    assert details.locator("canvas").count() == 2
    assert details.locator("svg polyline").count() >= 2
    painted = details.locator("canvas").first.evaluate("""canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }""")
    assert painted > 5, "calls of several strengths"


def test_the_blocking_tree_is_that_of_the_cursors_moment(page, finished):
    locks = finished[1]["locks"]
    queue = next(each for each in locks["episodes"] if each["queued"])
    tree = page.locator("#locks .tree")
    middle = (queue["start_s"] + queue["end_s"]) / 2
    page.locator("#timeline .chart").focus()
    page.keyboard.press("Home")
    frame(page)
    assert "Nobody waited" in tree.inner_text()
    while moment(page) < middle - 0.05:
        page.keyboard.press("ArrowRight")
        frame(page)
    text = tree.inner_text()
    assert 'adversary "report"' in text and "pg_sleep(1.2)" in text
    assert f'step "{re.sub(" +", " ", SHOWN)}"' in text
    inner = tree.locator("ul ul ul").first.inner_text()
    assert "read" in inner or "place_order" in inner, "the application stands behind the step"


def test_the_queue_effect_is_told_in_a_sentence(page):
    sentence = page.locator("#locks .effect").inner_text()
    assert "waited" in sentence and "queued behind it" in sentence or "held" in sentence
    assert "stood behind it" in sentence


def test_hostile_names_are_text(page):
    assert page.locator("img").count() == 0
    assert SHOWN in page.locator("#verdict").inner_text()
    assert SHOWN in page.locator("#steps").inner_text()
    assert "\u202e" not in page.content()


def test_dark_is_dark_and_the_charts_follow(page):
    def brightness(selector):
        colour = page.locator(selector).first.evaluate(
            "each => getComputedStyle(each).backgroundColor")
        return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 765

    assert brightness("body") > 0.9
    light = picture(page, "#locks canvas")
    page.emulate_media(color_scheme="dark")
    frame(page)
    assert brightness("body") < 0.15 and brightness(".chart") < 0.2
    assert picture(page, "#locks canvas") != light
    page.emulate_media(color_scheme="light")
    frame(page)
    assert picture(page, "#locks canvas") == light


def test_it_is_whole_without_script(browser, finished):
    with opened(browser, finished[0], java_script_enabled=False) as page:
        page.evaluate = lambda *_: ""
        assert "The charts need JavaScript" in page.locator("main").inner_text()
        for name in SECTIONS:
            assert page.locator(f"#{name}").is_visible()
        for box in ("Gates", "Phases", "Operations", "Lock episodes", "Steps"):
            assert page.locator(f'[aria-label="{box}"]').first.is_visible(), box
        assert page.locator(".chart:visible").count() == 0, "no empty boxes"
        page.locator("details.operation summary").first.click()
        assert page.locator("details.operation[open] table").first.is_visible()


def test_a_phone_scrolls_tables_not_the_page(browser, finished):
    with opened(browser, finished[0], viewport={"width": 400, "height": 800}) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        frame(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        boxes = page.locator(".scroll").evaluate_all(
            "all => all.map(each => [each.scrollWidth > each.clientWidth, each.tabIndex,"
            " each.getAttribute('aria-label')])")
        assert any(scrolls for scrolls, _, _ in boxes)
        assert all(tab == 0 and label for _, tab, label in boxes)


def test_it_prints_on_white_with_every_table(page):
    page.emulate_media(color_scheme="dark", media="print")
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF") and len(printed) > 50_000
    assert page.locator("body").evaluate("each => getComputedStyle(each).backgroundColor") in (
        "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    overflow = page.locator(".scroll").evaluate_all(
        "all => all.map(each => getComputedStyle(each).overflow)")
    assert set(overflow) == {"visible"}, "paper does not scroll"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing(browser, finished, program, width, scheme):
    axe = program.parent / "reports/web/node_modules/axe-core/axe.min.js"
    # The page's own policy would not let it in.
    with opened(browser, finished[0], viewport={"width": width, "height": 900}, color_scheme=scheme,
                bypass_csp=True) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        frame(page)
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 20
        assert [(each["id"], [node["target"] for node in each["nodes"][:3]], each["help"])
                for each in found["violations"]] == []


def test_the_data_of_the_charts_is_the_results(page, finished):
    """What the page unpacks, beside what the result says."""
    result = finished[1]
    part = json.loads(page.evaluate("""async () => {
        const text = atob(document.getElementById('chart-data').textContent);
        const packed = Uint8Array.from(text, each => each.charCodeAt(0));
        const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
        return new Response(plain).text();
    }"""))["parts"][0]
    first = part["from"] // 1000
    for i, done in enumerate(part["seconds"]["done"]):
        assert done == result["seconds"][first + i]["done"]
    assert len(part["episodes"]["start"]) == len(result["locks"]["episodes"])
