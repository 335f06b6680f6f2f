// Reads the viewer's file (app/web/playback.py) into typed arrays and answers questions about frames.

const MISSING = -32768;

function bytes(text) {
    const raw = atob(text);
    const array = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) array[i] = raw.charCodeAt(i);
    return array;
}

/** (N,17,3) metres of base64 int16 millimetres, NaN where missing; null for null. */
function metres(text) {
    if (!text) return null;
    const view = new DataView(bytes(text).buffer);
    const points = new Float32Array(view.byteLength / 2);
    for (let i = 0; i < points.length; i++) {
        const value = view.getInt16(2 * i, true);
        points[i] = value === MISSING ? NaN : value / 1000;
    }
    return points;
}

export class Playback {
    constructor(data) {
        Object.assign(this, data);
        this.length = data.timestamps.length;
        this.stride = 3 * data.joints.length;
        this.people = data.people.map((person) => ({
            ...person,
            scores: bytes(person.scores),
            sigma: person.sigma ? bytes(person.sigma) : null,
            believed: person.believed ? bytes(person.believed) : null,
            bodies: { lifted: metres(person.lifted), refined: metres(person.refined), truth: metres(person.truth) },
        }));
        this.refined = this.people.every((person) => person.bodies.refined);
    }

    static async load(url) {
        const response = await fetch(url);
        if (!response.ok) throw new Error(`the result is no longer there (${response.status})`);
        return new Playback(await response.json());
    }

    /** The joints of a body in a frame, 51 numbers, or null where it is missing. */
    pose(person, kind, frame) {
        const points = person.bodies[kind];
        if (!points) return null;
        const pose = points.subarray(frame * this.stride, (frame + 1) * this.stride);
        return Number.isNaN(pose[0]) ? null : pose;
    }

    /** Which joints of a frame are believed, 17 bytes, or null if all are; those of a truth are. */
    known(person, kind, frame) {
        const joints = this.joints.length;
        if (!person.believed || kind === "truth") return null;
        return person.believed.subarray(frame * joints, (frame + 1) * joints);
    }

    /** The frame shown at a time in seconds. */
    frameAt(seconds) {
        let low = 0;
        let high = this.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (this.timestamps[middle] <= seconds + 1e-3) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    /** A time in the middle of a frame: seeking there shows this frame and none beside it. */
    middleOf(frame) {
        const start = this.timestamps[frame];
        const end = frame + 1 < this.length ? this.timestamps[frame + 1] : start + 1 / this.fps;
        return start + 0.4 * (end - start);
    }
}
