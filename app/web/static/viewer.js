// The result: the side-by-side video, and under it a player with input, 3D view and timeline in step.

import { scrubByKeys, turnByKeys } from "./keys.js";
import { Playback } from "./playback.js";
import { Stage, VIEWS } from "./stage.js";
import { Timeline } from "./timeline.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const VIEW_NAMES = { split: "Side by side", overlay: "Overlay", refined: "Refined", lifted: "Lifted" };
const PLAY = "<svg viewBox='0 0 16 16' aria-hidden='true'><path d='M4 2l10 6-10 6z'/></svg>";
const PAUSE = "<svg viewBox='0 0 16 16' aria-hidden='true'><path d='M3 2h4v12H3zM9 2h4v12H9z'/></svg>";

let current = null; // the page shows one result

/** Show a result {video: {url}, playback: {url}, again} inside `host`, and go there unless it was shown before (`again`);
 * nothing for null. */
export async function show(host, value) {
    current?.dispose();
    current = null;
    const root = host.querySelector(".d3p-viewer") ?? host;
    root.replaceChildren();
    delete root.dataset.ready;
    if (!value || !value.playback) return;
    const playback = await Playback.load(new URL(value.playback.url, document.baseURI));
    current = new Viewer(root, playback, new URL(value.video.url, document.baseURI).href);
    if (!value.again) root.scrollIntoView({ behavior: gently(), block: "start" });
}

function gently() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

class Viewer {
    constructor(root, playback, video) {
        this.root = root;
        this.playback = playback;
        this.frame = 0;
        this.dirty = true;
        this.alive = true;
        this.build(video);
        try {
            this.stage = new Stage(this.canvas, playback, () => (this.dirty = true));
        } catch {
            this.stage = null;
            this.space.replaceChildren(
                make("p", { class: "v-sorry" }, "This browser cannot draw 3D (WebGL is off); the video shows the same."),
            );
        }
        this.timeline = new Timeline(this.chart, playback, (frame) => this.seek(frame));
        this.connect();
        this.setView(playback.refined ? "split" : "lifted");
        this.stage?.reset();
        this.seek(Math.floor(playback.length / 3));
        this.watcher = new ResizeObserver(() => this.resize());
        this.watcher.observe(root);
        this.tick = this.tick.bind(this);
        requestAnimationFrame(this.tick);
        root.dataset.ready = "true";
    }

    build(video) {
        const { playback } = this;
        const attributes = { src: video, playsinline: "", muted: "", preload: "auto" };
        this.film = make("video", { ...attributes, class: "v-film", controls: "", loop: "", "aria-label": "Side by side" });
        this.input = make("video", { ...attributes, "aria-label": "Input with its 2D overlay", tabindex: "-1" });
        this.film.muted = this.input.muted = true;
        const { crop } = playback;
        const pane = make("div", { class: "v-input" }, this.input);
        pane.style.setProperty("--aspect", crop.width / crop.height);
        this.input.style.width = `${(100 * crop.of_width) / crop.width}%`;
        const help = "3D view. Drag or arrow keys turn it. Once clicked: wheel, plus and minus zoom, Home resets, space plays.";
        this.canvas = make("canvas", { tabindex: 0, role: "application", "aria-label": help });
        this.tip = make("div", { class: "v-tip", role: "tooltip", hidden: "" });
        this.names = make("div", { class: "v-names", "aria-hidden": "true" });
        this.space = make("div", { class: "v-space" }, this.canvas, this.names, this.tip);
        this.chart = make("canvas", { class: "v-chart", tabindex: 0, role: "slider", "aria-label": "Timeline" });
        this.root.append(
            this.film,
            make("h2", {}, "Turn it around"),
            make("div", { class: "v-panes" }, pane, this.space),
            this.buildBar(),
            this.buildLegend(),
            this.chart,
        );
        this.film.play().catch(() => {}); // some browsers wait for a click
    }

    buildBar() {
        const { playback } = this;
        this.toggle = make("button", { type: "button", class: "v-play", "aria-label": "Play" });
        this.toggle.innerHTML = PLAY;
        this.slider = make("input", { type: "range", min: 0, max: playback.length - 1, "aria-label": "Frame" });
        this.clock = make("output", { class: "v-clock" });
        this.speed = choice("Speed", SPEEDS.map((speed) => [speed, `${speed}×`]), 1);
        const views = Object.keys(VIEWS).filter((view) => playback.refined || view === "lifted");
        this.view = choice("View", views.map((view) => [view, VIEW_NAMES[view]]), views[0]);
        this.who = choice("Person", playback.people.map((person, index) => [index, `Person ${person.id}`]), 0);
        this.who.hidden = playback.people.length < 2;
        this.ghost = make("input", { type: "checkbox" });
        const ghost = make("label", { class: "v-ghost" }, this.ghost, "Truth");
        ghost.hidden = !playback.truth;
        this.home = make("button", { type: "button" }, "Reset view");
        return make(
            "div", { class: "v-bar" }, this.toggle, this.slider, this.clock,
            make("span", { class: "v-tools" }, this.view, this.who, this.speed, ghost, this.home),
        );
    }

    buildLegend() {
        const entries = [["left", "left"], ["right", "right"]];
        if (this.playback.truth) entries.push(["truth", "truth"]);
        entries.push(["detected", "detected"], ["interpolated", "interpolated"], ["missing", "missing"]);
        entries.push(["lifted", "lifted"]);
        if (this.playback.refined) entries.push(["refined", "refined"]);
        return make("p", { class: "v-legend" }, ...entries.map(([name, words]) => {
            const dot = make("i", {});
            dot.style.background = `var(--v-${name})`;
            return make("span", {}, dot, words);
        }));
    }

    connect() {
        const toggle = () => this.play(this.input.paused);
        this.toggle.addEventListener("click", toggle);
        if (this.stage) turnByKeys(this.canvas, this.stage, toggle);
        scrubByKeys(this.chart, () => this.frame, this.playback.length - 1, (frame) => this.seek(frame), toggle);
        this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
        this.speed.addEventListener("change", () => (this.input.playbackRate = Number(this.speed.value)));
        this.view.addEventListener("change", () => this.setView(this.view.value));
        this.ghost.addEventListener("change", () => this.setView(this.view.value));
        this.who.addEventListener("change", () => this.timeline.choose(this.playback.people[Number(this.who.value)]));
        this.home.addEventListener("click", () => this.stage?.reset());
        this.film.addEventListener("play", () => this.play(false)); // one of the two at a time
        for (const name of ["play", "pause"]) this.input.addEventListener(name, () => this.showPlaying());
        this.input.addEventListener("ended", () => {
            this.input.currentTime = 0;
            this.play(true);
        });
        this.canvas.addEventListener("pointermove", (event) => this.hover(event));
        this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
        this.dark = new MutationObserver(() => this.timeline.resize());
        this.dark.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    }

    play(on) {
        if (!on) return this.input.pause();
        this.film.pause();
        this.input.playbackRate = Number(this.speed.value);
        this.input.play().catch(() => {});
    }

    showPlaying() {
        this.toggle.innerHTML = this.input.paused ? PLAY : PAUSE;
        this.toggle.setAttribute("aria-label", this.input.paused ? "Play" : "Pause");
        this.root.dataset.playing = String(!this.input.paused);
    }

    /** Go to a frame, and stop there. */
    seek(frame) {
        this.input.pause();
        this.input.currentTime = this.playback.middleOf(frame);
        this.setFrame(frame);
    }

    setFrame(frame) {
        this.frame = frame;
        this.dirty = true;
        this.tip.hidden = true;
        this.slider.value = frame;
        const seconds = this.playback.timestamps[frame];
        this.clock.textContent = `${seconds.toFixed(2)} s · ${frame + 1} / ${this.playback.length}`;
        this.root.dataset.frame = String(frame);
        this.stage?.set(frame);
        this.timeline.draw(frame);
    }

    setView(view) {
        this.view.value = view;
        this.root.dataset.view = view;
        this.dirty = true;
        this.stage?.show(view, this.ghost.checked);
        this.names.replaceChildren(...VIEWS[view].map((kinds) => make("span", {}, Object.keys(kinds).join(" + "))));
    }

    hover(event) {
        const found = event.buttons || !this.stage ? null : this.stage.pick(event.offsetX, event.offsetY);
        this.tip.hidden = !found;
        if (!found) return;
        const { joints, people } = this.playback;
        const index = this.frame * joints.length + found.joint;
        const facts = [found.kind];
        if (people.length > 1) facts.push(`person ${found.person.id}`);
        if (found.kind !== "truth") facts.push(`confidence ${Math.round((100 * found.person.scores[index]) / 255)} %`);
        if (found.kind === "refined" && found.person.sigma) facts.push(`± ${found.person.sigma[index]} mm`);
        this.tip.replaceChildren(make("b", {}, joints[found.joint]), ` ${facts.join(", ")}`);
        this.tip.style.left = `${Math.max(4, Math.min(found.x + 12, this.canvas.clientWidth - this.tip.offsetWidth - 4))}px`;
        this.tip.style.top = `${Math.max(4, found.y - 34)}px`;
    }

    resize() {
        const shape = `${this.canvas.clientWidth}x${this.canvas.clientHeight}x${this.chart.clientWidth}`;
        if (shape === this.shape) return;
        const first = !this.shape || this.shape.startsWith("0x");
        this.shape = shape;
        this.stage?.resize();
        if (first) this.stage?.reset();
        this.timeline.resize();
        this.dirty = true;
    }

    tick() {
        if (!this.alive) return;
        if (!this.input.paused) {
            const frame = this.playback.frameAt(this.input.currentTime);
            if (frame !== this.frame) this.setFrame(frame);
        }
        if (this.dirty && this.stage) {
            this.dirty = false;
            this.stage.draw();
        }
        requestAnimationFrame(this.tick);
    }

    dispose() {
        this.alive = false;
        this.watcher.disconnect();
        this.dark.disconnect();
        this.stage?.dispose();
        for (const video of [this.film, this.input]) {
            video.pause();
            video.removeAttribute("src");
            video.load();
        }
    }
}

function choice(label, entries, chosen) {
    const select = make("select", { "aria-label": label });
    select.append(...entries.map(([value, words]) => make("option", { value }, words)));
    select.value = String(chosen);
    return select;
}
