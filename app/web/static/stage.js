// The 3D view: floor, light, one camera for one or two panes, and the bodies in them.

import { Body } from "./bodies.js";
import { OrbitControls } from "./vendor/three/OrbitControls.js";
import * as THREE from "./vendor/three/three.module.js";

const SKY = 0x1b222d;
const YAW = 0.42; // radians: a three-quarter view, as in the video
const ELEVATION = 0.2;
const FIELD = 32; // degrees, vertical
const HOVER_PX = 18;
const FARTHEST = 2.5; // times the distance of the first view: figures are small there, and not yet in the fog

/** View -> what each of its panes shows: kind of body -> look. */
export const VIEWS = {
    split: [{ lifted: "solid" }, { refined: "solid" }],
    overlay: [{ lifted: "faint", refined: "solid" }],
    refined: [{ refined: "solid" }],
    lifted: [{ lifted: "solid" }],
};

export class Stage {
    constructor(canvas, playback, onChange) {
        this.canvas = canvas;
        this.playback = playback;
        this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
        this.renderer.setScissorTest(true);
        this.camera = new THREE.PerspectiveCamera(FIELD, 1, 0.05, 200);
        this.controls = new OrbitControls(this.camera, canvas);
        this.controls.maxPolarAngle = 0.54 * Math.PI;
        this.controls.minDistance = 0.8;
        this.home = new THREE.Vector3(); // what the first view of this frame looks at
        this.controls.addEventListener("change", () => {
            this.tether();
            onChange();
        });
        this.activate(false);
        this.panes = [];
        this.ghost = false;
        this.frame = 0;
        this.view = null;
    }

    /** Choose one of VIEWS, with or without the ghost of the truth. */
    show(view, ghost) {
        this.clear();
        this.view = view;
        this.ghost = ghost;
        this.panes = VIEWS[view].map((kinds) => this.makePane(ghost ? { ...kinds, truth: "truth" } : kinds));
        this.clearAir();
        this.resize();
        this.set(this.frame);
    }

    makePane(kinds) {
        const scene = new THREE.Scene();
        scene.background = new THREE.Color(SKY);
        scene.fog = new THREE.Fog(SKY, 6, 26);
        scene.add(new THREE.HemisphereLight(0xffffff, 0x3a4252, 1.9));
        const sun = new THREE.DirectionalLight(0xffffff, 2.1);
        sun.position.set(2, 5, 4);
        scene.add(sun, ...this.makeFloor());
        const bodies = [];
        for (const person of this.playback.people) {
            for (const [kind, look] of Object.entries(kinds)) {
                if (!person.bodies[kind]) continue;
                const body = new Body(this.playback, look);
                const shadow = kind === "truth" ? null : makeShadow();
                scene.add(body.group);
                if (shadow) scene.add(shadow);
                bodies.push({ person, kind, body, shadow });
            }
        }
        return { scene, bodies };
    }

    makeFloor() {
        const reach = Math.max(...this.playback.centre.flat().map(Math.abs)) + this.playback.radius + 3;
        const cells = Math.min(80, 2 * Math.ceil(2 * reach)); // of half a metre
        const grid = new THREE.GridHelper(cells / 2, cells, 0x7b8797, 0x444f60);
        const floor = new THREE.Mesh(
            new THREE.PlaneGeometry(cells / 2, cells / 2).rotateX(-Math.PI / 2),
            new THREE.MeshBasicMaterial({ color: 0x28313e }),
        );
        floor.position.y = -0.004;
        return [floor, grid];
    }

    /** Put the camera where it holds everybody. */
    reset() {
        const { height, radius } = this.playback;
        const [x, z] = this.playback.centre[this.frame];
        const tall = height / 2 / Math.tan((FIELD * Math.PI) / 360);
        const wide = (0.8 * radius + 0.25) / Math.tan((FIELD * Math.PI) / 360) / Math.max(this.aspect(), 0.3);
        const distance = 1.08 * Math.max(tall, wide) + 0.3;
        const flat = distance * Math.cos(ELEVATION);
        this.controls.maxDistance = FARTHEST * distance;
        this.home.set(x, height / 2 - 0.05, z);
        this.controls.target.copy(this.home);
        this.camera.position.set(
            x + flat * Math.sin(YAW), height / 2 + distance * Math.sin(ELEVATION), z + flat * Math.cos(YAW),
        );
        this.clearAir();
        this.controls.update();
    }

    /** Fog hides where the floor ends; it begins behind the people, wherever the camera may be. */
    clearAir() {
        const far = this.controls.maxDistance;
        if (!Number.isFinite(far)) return; // before the first view
        for (const { scene } of this.panes) [scene.fog.near, scene.fog.far] = [0.9 * far, 1.8 * far + 6];
    }

    /** What is looked at stays near the people: a view moved aside can always find them again. */
    tether() {
        const { controls, camera, home, playback } = this;
        const aside = controls.target.clone().sub(home);
        const slack = playback.radius + playback.height / 2;
        if (aside.length() <= slack) return;
        const back = aside.clone().setLength(slack).sub(aside);
        controls.target.add(back);
        camera.position.add(back);
    }

    /** The wheel, and a finger, move the view only while it is active: else they scroll the page. */
    activate(on) {
        this.controls.enableZoom = on;
        this.canvas.style.touchAction = on ? "none" : "pan-y";
    }

    /** Turn the view by radians to the right and upwards. */
    turn(right, up) {
        const { camera, controls } = this;
        const from = new THREE.Spherical().setFromVector3(camera.position.clone().sub(controls.target));
        from.theta += right;
        from.phi = Math.min(controls.maxPolarAngle, Math.max(0.02, from.phi - up));
        camera.position.setFromSpherical(from).add(controls.target);
        controls.update();
    }

    /** Bring the camera to so many times its distance. */
    approach(times) {
        const { camera, controls } = this;
        camera.position.sub(controls.target).multiplyScalar(times).add(controls.target);
        controls.update();
    }

    /** Show a frame; the camera follows people along the floor. */
    set(frame) {
        const [from, to] = [this.playback.centre[this.frame], this.playback.centre[frame]];
        const step = new THREE.Vector3(to[0] - from[0], 0, to[1] - from[1]);
        this.home.add(step);
        this.controls.target.add(step);
        this.camera.position.add(step);
        this.frame = frame;
        for (const { bodies } of this.panes) {
            for (const { person, kind, body, shadow } of bodies) {
                const pose = this.playback.pose(person, kind, frame);
                body.set(pose, this.playback.known(person, kind, frame));
                if (!shadow) continue;
                shadow.visible = pose !== null;
                if (pose) shadow.position.set(pose[0], 0.003, pose[2]);
            }
        }
    }

    aspect() {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        return width / Math.max(1, this.panes.length) / Math.max(1, height);
    }

    resize() {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        if (!width || !height) return;
        this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
        this.renderer.setSize(width, height, false);
        this.camera.aspect = this.aspect();
        this.camera.updateProjectionMatrix();
    }

    draw() {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        const each = width / this.panes.length;
        this.panes.forEach(({ scene }, index) => {
            this.renderer.setViewport(index * each, 0, each, height);
            this.renderer.setScissor(index * each, 0, each, height);
            this.renderer.render(scene, this.camera);
        });
    }

    /** The joint under a point of the canvas (CSS pixels): {person, kind, joint, x, y}, or null. */
    pick(x, y) {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        const each = width / this.panes.length;
        const index = Math.min(this.panes.length - 1, Math.max(0, Math.floor(x / each)));
        let best = null;
        let nearest = HOVER_PX;
        const point = new THREE.Vector3();
        for (const { person, kind, body } of this.panes[index].bodies) {
            if (!body.points) continue;
            body.balls.forEach((ball, joint) => {
                point.copy(ball.position).project(this.camera);
                const [px, py] = [(index + (point.x + 1) / 2) * each, ((1 - point.y) / 2) * height];
                const away = Math.hypot(px - x, py - y);
                if (away < nearest) [nearest, best] = [away, { person, kind, joint, x: px, y: py }];
            });
        }
        return best;
    }

    clear() {
        for (const { scene, bodies } of this.panes) {
            for (const { body } of bodies) body.dispose();
            scene.traverse((object) => {
                object.geometry?.dispose();
                object.material?.map?.dispose();
                object.material?.dispose?.();
            });
        }
        this.panes = [];
    }

    dispose() {
        this.clear();
        this.controls.dispose();
        this.renderer.dispose();
        this.renderer.forceContextLoss();
    }
}

/** A soft dark spot on the floor. */
function makeShadow() {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const context = canvas.getContext("2d");
    const fade = context.createRadialGradient(32, 32, 2, 32, 32, 32);
    fade.addColorStop(0, "rgba(0,0,0,0.5)");
    fade.addColorStop(1, "rgba(0,0,0,0)");
    context.fillStyle = fade;
    context.fillRect(0, 0, 64, 64);
    return new THREE.Mesh(
        new THREE.PlaneGeometry(1.1, 1.1).rotateX(-Math.PI / 2),
        new THREE.MeshBasicMaterial({ map: new THREE.CanvasTexture(canvas), transparent: true, depthWrite: false }),
    );
}
