// Provenance, confidence and the curves of one person, with a playhead that can be dragged.

const LABEL_WIDTH = 128;
const VALUE_WIDTH = 128;
const STRIP = 12;
const CURVE = 54;
const GAP = 10;
const KINDS = ["missing", "interpolated", "detected"];
const LINES = { lifted: "--v-lifted", refined: "--v-refined" };

export class Timeline {
    /** `onScrub(frame)` is called while somebody drags. */
    constructor(canvas, playback, onScrub) {
        this.canvas = canvas;
        this.playback = playback;
        this.person = playback.people[0];
        this.frame = 0;
        this.layer = document.createElement("canvas");
        const scrub = (event) => {
            if (event.type === "pointermove" && !event.buttons) return;
            if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
            const share = (event.offsetX - this.left) / (this.right - this.left);
            onScrub(Math.min(playback.length - 1, Math.max(0, Math.floor(share * playback.length))));
        };
        canvas.addEventListener("pointerdown", scrub);
        canvas.addEventListener("pointermove", scrub);
        const limits = { valuemin: 1, valuemax: playback.length };
        for (const [name, value] of Object.entries(limits)) canvas.setAttribute(`aria-${name}`, value);
        canvas.addEventListener("focus", () => canvas.setAttribute("aria-valuetext", this.words(this.frame)));
        canvas.style.height = `${this.height()}px`;
    }

    height() {
        return 2 * (STRIP + GAP) + this.playback.measures.length * (CURVE + GAP) + 4;
    }

    choose(person) {
        this.person = person;
        this.resize();
    }

    /** Paint everything that does not move. */
    resize() {
        const ratio = Math.min(window.devicePixelRatio, 2);
        const width = this.canvas.clientWidth;
        if (!width) return;
        const narrow = width < 560;
        this.narrow = narrow;
        this.left = narrow ? 8 : LABEL_WIDTH;
        this.right = width - (narrow ? 8 : VALUE_WIDTH);
        for (const canvas of [this.canvas, this.layer]) {
            canvas.width = Math.round(width * ratio);
            canvas.height = Math.round(this.height() * ratio);
        }
        const style = getComputedStyle(this.canvas);
        this.colour = (name) => style.getPropertyValue(name).trim();
        this.font = `12px ${style.fontFamily}`;
        const context = this.layer.getContext("2d");
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, this.height());
        context.font = this.font;
        this.ratio = ratio;
        this.paintStrips(context);
        this.paintCurves(context);
        this.draw(this.frame);
    }

    /** The x of the middle of a frame. */
    x(frame) {
        return this.left + ((frame + 0.5) / this.playback.length) * (this.right - this.left);
    }

    label(context, words, y) {
        if (this.narrow) return;
        context.fillStyle = this.colour("--v-ink");
        context.textAlign = "left";
        context.textBaseline = "middle";
        context.fillText(words, 4, y);
    }

    paintStrips(context) {
        const { provenance, confidence } = this.person;
        const width = (this.right - this.left) / this.playback.length;
        this.label(context, "Provenance", STRIP / 2 + 1);
        provenance.forEach((kind, frame) => {
            context.fillStyle = this.colour(`--v-${KINDS[kind]}`);
            context.fillRect(this.left + frame * width, 0, width + 0.6, STRIP);
        });
        const top = STRIP + GAP;
        this.label(context, "Confidence", top + STRIP / 2 + 1);
        confidence.forEach((value, frame) => {
            context.fillStyle = this.colour("--v-confidence");
            context.globalAlpha = 0.1 + 0.9 * Math.min(1, Math.max(0, value));
            context.fillRect(this.left + frame * width, top, width + 0.6, STRIP);
        });
        context.globalAlpha = 1;
    }

    top(index) {
        return 2 * (STRIP + GAP) + index * (CURVE + GAP);
    }

    paintCurves(context) {
        this.playback.measures.forEach((measure, index) => {
            const top = this.top(index);
            const variants = this.person.curves[measure.key];
            const all = Object.values(variants).flat().filter((value) => value !== null);
            const most = 1.08 * Math.max(1e-6, quantile(all, 0.995));
            context.fillStyle = this.colour("--v-track");
            context.fillRect(this.left, top, this.right - this.left, CURVE);
            for (const [name, values] of Object.entries(variants)) {
                this.paintLine(context, values, top, most, this.colour(LINES[name]));
            }
            this.label(context, measure.label, top + 14);
            context.globalAlpha = 0.65;
            this.label(context, measure.unit, top + 31);
            context.globalAlpha = 1;
            context.fillStyle = this.colour("--v-ink");
            context.textAlign = "left";
            context.textBaseline = "middle";
            if (this.narrow) context.fillText(`${measure.label}, ${measure.unit}`, this.left + 6, top + 10);
        });
    }

    paintLine(context, values, top, most, colour) {
        const present = this.person.provenance.map((kind) => KINDS[kind] !== "missing");
        context.beginPath();
        let pen = false;
        values.forEach((value, frame) => {
            if (value === null) pen &&= present[frame]; // drawn through where joints are interpolated: no measure there
            else {
                const y = top + CURVE - 2 - (CURVE - 5) * Math.min(1, value / most);
                if (pen) context.lineTo(this.x(frame), y);
                else context.moveTo(this.x(frame), y);
                pen = true;
            }
        });
        context.strokeStyle = colour;
        context.lineWidth = 1.6;
        context.lineJoin = "round";
        context.stroke();
    }

    /** What the timeline says about a frame, for those who do not see it. */
    words(frame) {
        const { provenance, confidence, curves } = this.person;
        const facts = [`frame ${frame + 1} of ${this.playback.length}`, KINDS[provenance[frame]]];
        facts.push(`confidence ${Math.round(100 * confidence[frame])} %`);
        for (const { key, label, unit } of this.playback.measures) {
            const values = Object.entries(curves[key]).filter(([, all]) => all[frame] !== null);
            if (values.length) facts.push(`${label} ${values.map(([name, all]) => `${name} ${all[frame].toPrecision(3)}`).join(", ")} ${unit}`);
        }
        return facts.join("; ");
    }

    /** The playhead, and the values under it. */
    draw(frame) {
        this.frame = frame;
        this.canvas.setAttribute("aria-valuenow", frame + 1);
        if (this.canvas === document.activeElement) this.canvas.setAttribute("aria-valuetext", this.words(frame));
        if (!this.layer.width || !this.ratio) return;
        const context = this.canvas.getContext("2d");
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, this.canvas.width, this.canvas.height);
        context.drawImage(this.layer, 0, 0);
        context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        context.font = this.font;
        context.fillStyle = this.colour("--v-ink");
        context.fillRect(this.x(frame) - 0.75, 0, 1.5, this.height() - GAP);
        if (this.narrow) return;
        context.textAlign = "left";
        context.textBaseline = "middle";
        const right = this.right + 10;
        context.fillText(KINDS[this.person.provenance[frame]], right, STRIP / 2 + 1);
        context.fillText(`${Math.round(100 * this.person.confidence[frame])} %`, right, STRIP + GAP + STRIP / 2 + 1);
        this.playback.measures.forEach((measure, index) => {
            Object.entries(this.person.curves[measure.key]).forEach(([name, values], line) => {
                context.fillStyle = this.colour(LINES[name]);
                const value = values[frame];
                const words = value === null ? "–" : value.toPrecision(3);
                context.fillText(`${name} ${words}`, right, this.top(index) + 14 + 17 * line);
            });
        });
    }
}

function quantile(values, share) {
    if (!values.length) return 1;
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
