// What examples/csharp has beyond a sprite: calls MODEL tries each call, and the numbers of one are those of another.
using System;
using System.Linq;
using Iddpm;

static class Calls
{
    static void Must(bool holds, string what)
    {
        if (!holds) throw new Exception(what);
    }

    // The sentence of what must fail.
    static string Refused(Action call)
    {
        try
        {
            call();
        }
        catch (InvalidOperationException error)
        {
            return error.Message;
        }
        throw new Exception("it was not refused");
    }

    // What it fails with.
    static int Result(Action call)
    {
        try
        {
            call();
        }
        catch (IddpmException error)
        {
            return error.Result;
        }
        throw new Exception("it was not refused");
    }

    static byte[] Pixels(Run run, uint image)
    {
        var rgba = new byte[32 * 32 * 4];
        run.Pixels(image, rgba, 32 * 4);
        return rgba;
    }

    static byte[] Drawn(Studio studio, Drawing drawing, uint image = 0)
    {
        using (var run = studio.Begin(drawing))
        {
            while (run.Step()) { }
            return Pixels(run, image);
        }
    }

    static Drawing Few(params string[] classes) => new Drawing { Classes = classes, Steps = "2", Seed = 3 };

    static void Main(string[] arguments)
    {
        using (var model = Model.Open(arguments[0]))
        using (var studio = model.On("cpu", 1))
        {
            var names = model.ClassNames;
            Must(names.Length == model.Info.Classes && names.Contains("sword"), "class names");
            Must(model.Notes == "" && model.Info.LowResWidth == 0, "notes, and what it enlarges");
            Must(studio.Device.StartsWith("the CPU"), studio.Device);
            foreach (var device in Studio.Devices()) Must(device.Length > 0, "a device has a name");
            Must(Refused(() => model.On("no such GPU")).Contains("no such GPU"), "a device that is not there");
            const int file = -2;
            Must(Result(() => Model.Open("absent.safetensors")) == file, "what cannot be read is told apart");

            Runs(studio);
            Options(studio);
            Planes(studio);
        }
    }

    static void Runs(Studio studio)
    {
        var drawing = Few("sword", "axe");
        drawing.Count = 3;
        using (var run = studio.Begin(drawing))
        {
            var nothing = new byte[32 * 32 * 4];
            run.Preview(0, nothing, 32 * 4);
            Must(run.Count == 3 && run.Fraction == 0 && nothing.All(one => one == 0), "a run at its beginning");
            run.Step();
            using (var resumed = studio.Resume(run.Save()))
            {
                while (run.Step()) { }
                while (resumed.Advance(1000)) { }
                Must(Pixels(run, 2).SequenceEqual(Pixels(resumed, 2)), "a run that was saved");
            }
            // The third is of the first class again, as image 2 of that class alone.
            var alone = Few("sword");
            alone.First = 2;
            Must(Pixels(run, 2).SequenceEqual(Drawn(studio, alone)), "an image of several classes");
            run.Cancel();
            Must(Refused(() => run.Step()) == "run: it was cancelled", "a run that was cancelled");
            Must(Refused(() => Console.Write(run.Fraction)) == "run: it was cancelled", "its fraction");
            Must(Refused(() => Console.Write(run.Count)) == "run: it was cancelled", "its images");
        }
    }

    static void Options(Studio studio)
    {
        var plain = Drawn(studio, Few("gem"));
        Action<Drawing, string> differs = (drawing, what) => Must(!Drawn(studio, drawing).SequenceEqual(plain), what);
        var guided = Few("gem");
        guided.Guidance = 3;
        differs(guided, "guidance");
        var wrapped = Few("gem");
        wrapped.Wrap = "xy";
        differs(wrapped, "wrap");
        var row = Few("gem", "key");
        row.Between = "9,2";
        row.First = 1;
        differs(row, "a row");

        var palette = Few("gem");
        palette.Palette = new byte[] { 10, 20, 30, 255, 240, 250, 200, 255 };
        var shown = Drawn(studio, palette);
        var reds = Enumerable.Range(0, 32 * 32).Where(at => shown[4 * at + 3] == 255).Select(at => shown[4 * at]).Distinct();
        Must(reds.OrderBy(one => one).SequenceEqual(new byte[] { 10, 240 }), "the colours of a palette");

        var kept = Few("axe");
        kept.Init = new Picture(plain, 32, 32);
        kept.Mask = Enumerable.Range(0, 32 * 32).Select(at => (byte)(at < 512 ? 255 : 0)).ToArray();
        kept.Resample = "2";
        var drawn = Drawn(studio, kept);
        Must(drawn.Skip(4 * 512).Where((one, at) => at % 4 == 3).SequenceEqual(
            plain.Skip(4 * 512).Where((one, at) => at % 4 == 3)), "what a mask keeps");
        var near = Few("gem");
        near.Init = kept.Init;
        near.Strength = 0;
        Must(Drawn(studio, near).Where((one, at) => at % 4 == 3).SequenceEqual(
            plain.Where((one, at) => at % 4 == 3)), "a strength of 0");

        var small = Few("gem");
        small.LowRes = new Picture(new byte[16], 2, 2);
        Must(Refused(() => studio.Begin(small)) == "low-res: this network takes no such image", "what it enlarges");
        var odd = Few("gem");
        odd.Guidance = double.NaN;
        Must(Refused(() => studio.Begin(odd)) == "guidance NaN: must be within 0 to 100", "guidance");
    }

    static void Planes(Studio studio)
    {
        using (var plane = studio.BeginPlane(Few("tree")))
        {
            var first = new byte[16 * 8 * 4];
            var again = new byte[8 * 8 * 4];
            plane.Tile(0, 0, 16, 8, first, 16 * 4);
            plane.Tile(8, 0, 8, 8, again, 8 * 4);
            Must(again.Take(8 * 4).SequenceEqual(first.Skip(8 * 4).Take(8 * 4)), "tiles of a plane");
        }
    }
}
