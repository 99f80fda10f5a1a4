// iddpm.h in C#: handles that free themselves, and exceptions with the sentence of what failed. For Unity and for any other.
using System;
using System.Runtime.InteropServices;

namespace Iddpm
{
    // A handle of the library's: freed where it is disposed of, or forgotten, and never while a call with it is under way.
    public abstract class Handle : SafeHandle
    {
        protected Handle(IntPtr handle) : base(IntPtr.Zero, true) { SetHandle(handle); }

        public override bool IsInvalid => handle == IntPtr.Zero;
    }

    // A trained network.
    public sealed class Model : Handle
    {
        Model(IntPtr handle) : base(handle) { }

        public static Model Open(string path)
        {
            Text.Check(Native.iddpm_model_open(Text.Utf8(path), out var model));
            return new Model(model);
        }

        // For an asset that is no file, as on Android: its bytes.
        public static Model FromMemory(byte[] file)
        {
            Text.Check(Native.iddpm_model_from_memory(file, (UIntPtr)file.Length, out var model));
            return new Model(model);
        }

        public Info Info
        {
            get
            {
                Text.Check(Native.iddpm_model_info(this, out var info, (UIntPtr)Marshal.SizeOf(typeof(Info))));
                return info;
            }
        }

        // Their numbers where they have no names.
        public string[] ClassNames
        {
            get
            {
                var names = new string[Info.Classes];
                for (uint at = 0; at < names.Length; at++)
                {
                    var index = at;
                    names[at] = Text.Of((text, len) => Native.iddpm_model_class_name(this, index, text, len));
                }
                return names;
            }
        }

        // What a user must know of it, a note a line.
        public string Notes => Text.Of((text, len) => Native.iddpm_model_notes(this, text, len));

        // The best device where it is null or empty; "cpu", "gpu" or a GPU's name. 0 threads are as many as there are cores.
        public Studio On(string device = null, uint threads = 0)
        {
            var word = string.IsNullOrEmpty(device) ? null : Text.Utf8(device);
            Text.Check(Native.iddpm_model_on(this, word, threads, out var studio));
            return new Studio(studio);
        }

        protected override bool ReleaseHandle()
        {
            Native.iddpm_model_free(handle);
            return true;
        }
    }

    // A model on a device. It needs its model no more.
    public sealed class Studio : Handle
    {
        internal Studio(IntPtr handle) : base(handle) { }

        // The GPUs of the machine, the best first, those in software too; none where the library was built without them.
        public static string[] Devices()
        {
            var names = new string[(int)Native.iddpm_devices()];
            for (var at = 0; at < names.Length; at++)
            {
                var index = (UIntPtr)at;
                names[at] = Text.Of((text, len) => Native.iddpm_device_name(index, text, len));
            }
            return names;
        }

        // Which device it is on, and why.
        public string Device => Text.Of((text, len) => Native.iddpm_studio_device(this, text, len));

        public Run Begin(Drawing drawing) => new Run(drawing.Give(draw =>
        {
            Text.Check(Native.iddpm_run_begin(this, ref draw, out var run));
            return run;
        }));

        public Run Resume(byte[] saved)
        {
            Text.Check(Native.iddpm_run_resume(this, saved, (UIntPtr)saved.Length, out var run));
            return new Run(run);
        }

        public Plane BeginPlane(Drawing drawing) => new Plane(drawing.Give(draw =>
        {
            Text.Check(Native.iddpm_plane_begin(this, ref draw, out var plane));
            return plane;
        }));

        protected override bool ReleaseHandle()
        {
            Native.iddpm_studio_free(handle);
            return true;
        }
    }

    // Images on their way. It needs its studio no more.
    public sealed class Run : Handle
    {
        internal Run(IntPtr handle) : base(handle) { }

        // True while anything is left: call it in Update, with what a frame can spare.
        public bool Advance(uint microseconds) => Text.Check(Native.iddpm_run_advance(this, microseconds)) == Native.More;

        // Takes a step, or what is left of one; true while any is left.
        public bool Step() => Text.Check(Native.iddpm_run_step(this)) == Native.More;

        public float Fraction
        {
            get
            {
                var fraction = Native.iddpm_run_fraction(this);
                if (fraction < 0) Text.Check(Native.iddpm_last_result());
                return fraction;
            }
        }

        public uint Count
        {
            get
            {
                var count = Native.iddpm_run_count(this);
                if (count == 0) Text.Check(Native.iddpm_last_result());
                return count;
            }
        }

        public void Pixels(uint image, byte[] rgba, int stride) =>
            Text.Check(Native.iddpm_run_pixels(this, image, rgba, (UIntPtr)stride, (UIntPtr)rgba.Length));

        // As it will be, and nothing before the first step.
        public void Preview(uint image, byte[] rgba, int stride) =>
            Text.Check(Native.iddpm_run_preview(this, image, rgba, (UIntPtr)stride, (UIntPtr)rgba.Length));

        public void Cancel() => Text.Check(Native.iddpm_run_cancel(this));

        // Bytes for a file, from which Studio.Resume goes on.
        public byte[] Save()
        {
            var len = UIntPtr.Zero;
            Text.Check(Native.iddpm_run_save(this, null, ref len));
            var saved = new byte[(int)len];
            Text.Check(Native.iddpm_run_save(this, saved, ref len));
            return saved;
        }

        protected override bool ReleaseHandle()
        {
            Native.iddpm_run_free(handle);
            return true;
        }
    }

    // A picture without end. It needs the handle of its studio no more, but uses the studio while it draws.
    public sealed class Plane : Handle
    {
        internal Plane(IntPtr handle) : base(handle) { }

        // RGBA whose left upper corner lies at x, y; it takes seconds, for a thread of its own.
        public void Tile(int x, int y, uint width, uint height, byte[] rgba, int stride) => Text.Check(
            Native.iddpm_plane_tile(this, x, y, width, height, rgba, (UIntPtr)stride, (UIntPtr)rgba.Length));

        protected override bool ReleaseHandle()
        {
            Native.iddpm_plane_free(handle);
            return true;
        }
    }
}
