// People made of tapered limbs; left is blue and right is orange, as in the video.

import * as THREE from "./vendor/three/three.module.js";

const LEFT = 0x48a8ff;
const RIGHT = 0xff863e;
const MIDDLE = 0xe2dad0;
const TRUTH = 0x57d9a3;
const UP = new THREE.Vector3(0, 1, 0);
const HEAD_RADIUS = 0.1;
const GUESS = { opacity: 0.22, thickness: 0.55 }; // of limbs whose place is a guess

/** How each kind of body looks: opacity, thickness, and a colour of its own instead of left and right. */
const LOOKS = {
    solid: { opacity: 1, thickness: 1, colour: null },
    faint: { opacity: 0.34, thickness: 0.8, colour: null },
    truth: { opacity: 0.5, thickness: 0.45, colour: TRUTH },
};

export class Body {
    /** `playback` says how the joints hang together; `look` is one of LOOKS. */
    constructor(playback, look) {
        this.group = new THREE.Group();
        this.points = null; // of the pose shown, 51 metres
        this.playback = playback;
        this.resources = [];
        this.materials = this.makeMaterials(LOOKS[look]);
        this.faint = this.makeMaterials({ ...LOOKS[look], opacity: GUESS.opacity * LOOKS[look].opacity });
        const thickness = LOOKS[look].thickness;
        this.bones = [];
        playback.parents.forEach((parent, child) => {
            if (parent < 0) return;
            const [thin, thick] = [playback.radii[child] * thickness, playback.radii[parent] * thickness];
            const limb = this.mesh(new THREE.CylinderGeometry(0.85 * thin, 0.85 * thick, 1, 14, 1), child);
            this.bones.push({ parent, child, limb });
        });
        this.balls = playback.joints.map((name, joint) => {
            const radius = name === "head" ? HEAD_RADIUS : 0.9 * playback.radii[joint];
            return this.mesh(new THREE.SphereGeometry(radius * thickness, 18, 14), joint);
        });
    }

    makeMaterials({ opacity, colour }) {
        const make = (own) => {
            const material = new THREE.MeshStandardMaterial({
                color: colour ?? own, roughness: 0.62, metalness: 0, opacity, transparent: opacity < 1,
                depthWrite: opacity === 1,
            });
            this.resources.push(material);
            return material;
        };
        return { left: make(LEFT), right: make(RIGHT), middle: make(MIDDLE) };
    }

    mesh(geometry, joint) {
        const { left, right } = this.playback;
        const side = left.includes(joint) ? "left" : right.includes(joint) ? "right" : "middle";
        this.resources.push(geometry);
        const mesh = new THREE.Mesh(geometry, this.materials[side]);
        mesh.userData.side = side;
        this.group.add(mesh);
        return mesh;
    }

    /** Make a mesh look like something seen, or like a guess; returns its thickness. */
    look(mesh, sure) {
        mesh.material = (sure ? this.materials : this.faint)[mesh.userData.side];
        return sure ? 1 : GUESS.thickness;
    }

    /** Show a pose (51 metres, ground coordinates) or, for null, nothing; joints that are not `known` (null: all are) faintly. */
    set(points, known = null) {
        const sure = (...joints) => known === null || joints.every((joint) => known[joint]);
        this.points = points;
        this.group.visible = points !== null;
        if (!points) return;
        const at = (joint) => new THREE.Vector3(points[3 * joint], points[3 * joint + 1], points[3 * joint + 2]);
        for (const { parent, child, limb } of this.bones) {
            const [a, b] = [at(parent), at(child)];
            const along = b.clone().sub(a);
            const length = Math.max(along.length(), 1e-4);
            limb.position.copy(a).add(b).multiplyScalar(0.5);
            limb.quaternion.setFromUnitVectors(UP, along.divideScalar(length));
            const thickness = this.look(limb, sure(parent, child));
            limb.scale.set(thickness, length, thickness);
        }
        this.balls.forEach((ball, joint) => {
            ball.position.copy(at(joint));
            ball.scale.setScalar(this.look(ball, sure(joint)));
        });
        // the head joint is the crown: the ball sits between it and the nose
        const head = this.playback.joints.indexOf("head");
        const nose = this.playback.joints.indexOf("neck");
        if (head >= 0 && nose >= 0) this.balls[head].position.lerp(at(nose), 0.4);
    }

    dispose() {
        for (const resource of this.resources) resource.dispose();
    }
}
